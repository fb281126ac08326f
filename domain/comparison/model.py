"""The nouns of this room: how a seller is watched, the two sides, and one version of one entity with who saw it when."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """How a seller is watched. One way round: polling, shadow, webhooks, polling."""

    POLLING = "polling"  # notifications, where any come, are read but not counted
    SHADOW = "shadow"  # polled as ever, and compared with what notifications tell
    WEBHOOKS = "webhooks"  # notifications are relied on; polling is the safety net, and still compared


MODES = tuple(Mode)


class Side(StrEnum):
    """Who saw a change: what we asked eBay for by ourselves, sweeps included, or what a notification made us read."""

    POLLING = "polling"
    NOTIFICATIONS = "notifications"


def side_of(source: str) -> Side:
    """Of an event's source: a sweep and a backfill are polling's."""
    return Side.NOTIFICATIONS if source == "notification" else Side.POLLING


@dataclass(frozen=True, slots=True)
class Seen:
    """One version of one entity, and who saw it. Times UTC, by the database's clock unless said otherwise."""

    event_id: str  # of the version's first event
    kind: str  # order, fulfillment, inventory or offer
    entity_id: str
    version: int
    types: tuple[str, ...]
    occurred_at: datetime  # eBay's clock
    topic: str | None  # of eBay's notifications, that should have told it; None: none does, or it happened before both were compared
    first_by: Side
    first_at: datetime  # the events' `detected_at`
    first_notified_at: datetime | None = None  # where notifications were first: when the notification came
    other_at: datetime | None = None  # when the other side read it too; None: it did not
    other_notified_at: datetime | None = None  # where that side are notifications: when the notification came
    other_version: int | None = None  # what the other side read: this version, or a later one that contains it

    @property
    def folded(self) -> bool:
        """Whether the other side read a later version only, which contains this one."""
        return self.other_version is not None and self.other_version > self.version

    @property
    def ahead_s(self) -> float | None:
        """How much earlier the first side had it, in seconds; a late notification counts from when it came, not from when it was read."""
        if self.other_at is None:
            return None
        return max((self.when_other() - self.first_at).total_seconds(), 0.0)

    def when_other(self) -> datetime:
        """When the other side had it: when its notification came, else when it was read. Only for what both saw."""
        assert self.other_at is not None
        return self.other_notified_at or self.other_at
