"""Who saw a change first, and when the other side saw it: polling and notifications. Only of sellers in shadow or webhooks.

A first sighting is written by the statement that writes its event, with the same time; the other side's is one statement a commit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from domain.changes.model import Change, Kind
from domain.comparison import Mode, Side, side_of, topic_of
from store.events.events import event_id
from store.steps.step import StepLease

# The other side now holds this version or a later one: what it contains is seen by both.
RECORD_SEEN_BY_OTHER_SIDE = text("""
    UPDATE sellerbeat.sightings s
    SET other_at = clock_timestamp(), other_told_at = given.told_at, other_version = given.version
    FROM unnest(
        CAST(:bys AS text[]), CAST(:kinds AS text[]), CAST(:entity_ids AS text[]), CAST(:versions AS bigint[]),
        CAST(:told AS timestamptz[])
    ) AS given (first_by, kind, entity_id, version, told_at)
    WHERE s.seller_id = :seller_id AND s.first_by = given.first_by AND s.kind = given.kind AND s.entity_id = given.entity_id
        AND s.version <= given.version AND s.other_at IS NULL
""")
RECORD_SELLER_NOTIFIED = text(
    "UPDATE sellerbeat.modes SET notified_at = greatest(notified_at, :told_at, since) WHERE seller_id = :seller_id"
)
OTHER = {Side.POLLING: Side.NOTIFICATIONS, Side.NOTIFICATIONS: Side.POLLING}


@dataclass(slots=True)
class FirstSeen:
    """Of one commit, until its transaction ends."""

    step: StepLease
    notified_at: dict[str, datetime] = field(default_factory=dict)  # by entity: when the notification came that this commit obeys
    first: dict[str, list[Any]] = field(
        default_factory=lambda: {
            name: [] for name in ("s_kinds", "s_ids", "s_versions", "s_events", "s_types", "s_occurred", "s_topics", "s_bys", "s_told")
        }
    )
    seen: dict[tuple[Side, Kind, str], int] = field(default_factory=dict)  # (who saw it, what) -> the version
    found: int = 0  # versions that the other side had told

    @property
    def watched(self) -> bool:
        """Whether anything is recorded: not in mode polling."""
        return self.step.mode is not Mode.POLLING

    def record_new(self, change: Change, version: int, source: str) -> None:
        """A new version becomes events. The other side's older versions are contained in it."""
        if not self.watched or source == "backfill":
            return
        side, columns = side_of(source), self.first
        columns["s_kinds"].append(change.kind.value)
        columns["s_ids"].append(change.entity_id)
        columns["s_versions"].append(version)
        columns["s_events"].append(event_id(self.step.enrollment, change.entity_id, version, change.types[0]))
        columns["s_types"].append(",".join(change.types))
        columns["s_occurred"].append(change.occurred_at)
        awaited = self.step.watched_since is not None and change.occurred_at >= self.step.watched_since
        columns["s_topics"].append(topic_of(change.types, change.changed) if awaited else None)
        columns["s_bys"].append(side.value)
        columns["s_told"].append(self.notified_at.get(change.entity_id) if side is Side.NOTIFICATIONS else None)
        if version > 1:
            self.seen[side, change.kind, change.entity_id] = version

    def record_seen(self, kind: Kind, source: str, versions: Mapping[str, int]) -> None:
        """These came as they are stored."""
        if self.watched and source != "backfill":
            side = side_of(source)
            self.seen.update({(side, kind, entity_id): version for entity_id, version in versions.items()})

    def write(self, connection: Connection) -> None:
        """What the other side saw; the first sightings go with the events. May be done more than once."""
        if self.seen:
            values: dict[str, Any] = {
                "seller_id": self.step.seller_id,
                "told": [self.notified_at.get(entity_id) if side is Side.NOTIFICATIONS else None for side, _, entity_id in self.seen],
                "bys": [OTHER[side].value for side, _, _ in self.seen],
                "kinds": [kind.value for _, kind, _ in self.seen],
                "entity_ids": [entity_id for _, _, entity_id in self.seen],
                "versions": list(self.seen.values()),
            }
            self.found += connection.execute(RECORD_SEEN_BY_OTHER_SIDE, values).rowcount
            self.seen.clear()
        if self.notified_at and self.watched:
            connection.execute(RECORD_SELLER_NOTIFIED, {"seller_id": self.step.seller_id, "told_at": max(self.notified_at.values())})

    def values(self) -> dict[str, Any]:
        """For the statement that writes the events; {} where there is nothing to add to it."""
        return self.first if self.first["s_ids"] else {}


def unchanged(ids: Iterable[str], stored: Mapping[str, Any], changed: Iterable[str], stale: Iterable[str]) -> dict[str, int]:
    """Entities that came as they are stored, each with its version."""
    others = {*changed, *stale}
    return {one: stored[one].version for one in ids if one in stored and one not in others}
