"""What is wrong with the whole, for people who are written to: what lasts, and is no alert of its own. Pure; time is given.

Several web.py may look, and see different things. So who never saw something itself calls it mended only after a while.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.health import Finding, HealthPart

LASTING = timedelta(minutes=2)  # a deployment restarts its workers in less
GONE_FOR, NEVER_SEEN_FOR = timedelta(minutes=1), timedelta(minutes=10)
# Alerts tell of some; of others nobody could be told: without Postgres no message can be claimed.
ARE_ALERTS = (HealthPart.DEPLOYMENTS, HealthPart.EBAY, HealthPart.DELIVERY, HealthPart.NOTIFICATIONS)
CANNOT_BE_SAID = (HealthPart.POSTGRES, HealthPart.CONNECTIONS, HealthPart.WRITES)


@dataclass(slots=True)
class HealthMemory:
    """What one process saw, look by look. The first look is when it began."""

    began: datetime | None = None
    looked_at: datetime | None = None
    found: dict[str, Finding] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)  # found in every look since then
    last_seen: dict[str, datetime] = field(default_factory=dict)

    def look(self, findings: Iterable[Finding], now: datetime) -> None:
        """Remember what is wrong now. While nothing can be said of it, what was known of the rest stays."""
        seen = {one.part.value: one for one in findings if one.part not in ARE_ALERTS}
        if any(part.value in seen for part in CANNOT_BE_SAID):
            return
        self.began = self.began or now
        self.looked_at = now
        self.found, self.since = seen, {part: self.since.get(part, now) for part in seen}
        self.last_seen |= dict.fromkeys(seen, now)

    def wrong(self, said: Mapping[str, str]) -> list[Finding]:
        """What lasts and was not said."""
        now = self.looked_at
        return [one for part, one in self.found.items() if now and part not in said and now - self.since[part] >= LASTING]

    def mended(self, said: Mapping[str, str]) -> list[str]:
        """Parts of what was said that are well again."""
        now, began = self.looked_at, self.began
        if now is None or began is None:
            return []
        well = [part for part in said if part not in self.found]
        return [
            part for part in well if (now - self.last_seen[part] >= GONE_FOR if part in self.last_seen else now - began >= NEVER_SEEN_FOR)
        ]
