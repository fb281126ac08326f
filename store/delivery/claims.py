"""A delivery in hand, one try of it, and since when it fails."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Claim:
    """One run of a cursor: what `begin` found."""

    endpoint: str
    seller: str  # FLEET_CURSOR: the fleet's alerts
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)  # the newest first
    types: tuple[str, ...]
    thin: bool
    sequence: int  # delivered up to here
    epoch: int
    tries: int  # failed, of what comes next
    schedule_from: int  # after so many of them somebody had it tried at once
    failing_since: datetime | None
    retry_at: datetime | None
    tell_at: datetime | None  # as it was left at the beginning
    troubled: bool  # the endpoint fails for whichever seller

    @property
    def waited(self) -> int:
        """Tries by which the next wait goes. A version before ended the trouble and left `schedule_from` as it was: then it is of none."""
        return self.tries - self.schedule_from if self.tries >= self.schedule_from else self.tries

    @property
    def values(self) -> dict[str, Any]:
        """What a statement of this run is bound to; the epoch fences it."""
        return {"endpoint": self.endpoint, "seller": self.seller, "epoch": self.epoch}


@dataclass(frozen=True, slots=True)
class Attempt:
    """How a message was answered."""

    event: dict[str, Any] = field(repr=False)
    number: int  # 1 for the first
    replayed: bool
    outcome: str
    status: int | None  # None: there was no answer
    kind: str | None  # why there was none
    took_ms: int


@dataclass(frozen=True, slots=True)
class Failing:
    """Since when: the cursor, and the endpoint for whichever seller."""

    cursor: datetime
    endpoint: datetime
