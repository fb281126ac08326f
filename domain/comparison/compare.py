"""What a period's changes come to: seen by both, by one, how far ahead, what is missing."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.comparison.model import Seen, Side
from domain.comparison.rules import RULES, Rules
from domain.comparison.topics import ORDER_CONFIRMATION, TOPICS


@dataclass(frozen=True, slots=True)
class Delays:
    """How much later the second side had the same version, in seconds."""

    count: int = 0
    median_s: float = 0.0
    p95_s: float = 0.0
    max_s: float = 0.0


@dataclass(frozen=True, slots=True)
class MissingChange:
    """A change that one side never told, nor anything later of the same entity."""

    event_id: str
    type: str
    entity_id: str
    version: int
    topic: str | None
    occurred_at: datetime
    detected_at: datetime


@dataclass(frozen=True, slots=True)
class PendingCounts:
    """How many were seen by one side so lately that the other may still tell them."""

    polling: int = 0  # polling has not come by since
    notifications: int = 0  # younger than the grace


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of one seller and one period. Each change counts once: changes = both + only_polling + only_notifications + pending + unannounced."""

    changes: int = 0
    both: int = 0  # folded ones included
    folded: int = 0  # the other side saw only a later version, which contains it
    # of both: a notification should have told these, and the first that did came after the grace, maybe about something later
    late: int = 0
    only_polling: tuple[MissingChange, ...] = ()  # a notification should have told these
    only_notifications: tuple[MissingChange, ...] = ()  # polling has come by since, and did not bring these
    pending: PendingCounts = field(default_factory=PendingCounts)
    unannounced: int = 0  # seen by polling alone, and no topic tells such a change
    notifications_ahead: Delays = field(default_factory=Delays)  # of versions that both saw as such
    polling_ahead: Delays = field(default_factory=Delays)
    orders: int = 0  # new orders that are settled, for `unseen_share`
    polls_first: int = 0  # of these, the ones of which no notification came within the grace

    @property
    def announced(self) -> int:
        """Changes that notifications told, or should have."""
        return self.both + len(self.only_polling) + len(self.only_notifications)


def compare(
    seen: Iterable[Seen],
    now: datetime,
    polled_at: dict[str, datetime],
    topics: Sequence[str] = TOPICS,
    rules: Rules = RULES,
) -> Comparison:
    """
    Args:
        seen: versions first seen in the period.
        now: UTC.
        polled_at: the last good poll by kind of entity. A change is not polling's loss before a poll came by that began after it.
        topics: what the seller is subscribed to.
    """
    both: list[Seen] = []
    missed: dict[Side, list[MissingChange]] = {Side.POLLING: [], Side.NOTIFICATIONS: []}
    changes = unannounced = polls_late = notifications_late = orders = polls_first = late = 0
    for one in seen:
        changes += 1
        if one.topic == ORDER_CONFIRMATION and (notified_in_time(one, rules) or overdue(one, now, rules)):
            orders += 1
            polls_first += not notified_in_time(one, rules)
        if one.other_at is not None:
            both.append(one)
            late += one.first_by is Side.POLLING and one.topic in topics and one.when_other() - one.first_at > rules.grace
        elif one.first_by is Side.NOTIFICATIONS:
            if polled_at.get(one.kind, one.first_at) <= one.first_at + rules.grace:
                polls_late += 1
            else:
                missed[Side.POLLING].append(missing(one))
        elif one.topic not in topics:
            unannounced += 1
        elif overdue(one, now, rules):
            missed[Side.NOTIFICATIONS].append(missing(one))
        else:
            notifications_late += 1
    same = [one for one in both if not one.folded]
    return Comparison(
        changes=changes,
        both=len(both),
        folded=len(both) - len(same),
        late=late,
        only_polling=tuple(missed[Side.NOTIFICATIONS]),
        only_notifications=tuple(missed[Side.POLLING]),
        pending=PendingCounts(polls_late, notifications_late),
        unannounced=unannounced,
        notifications_ahead=delays(one.ahead_s for one in same if one.first_by is Side.NOTIFICATIONS),
        polling_ahead=delays(one.ahead_s for one in same if one.first_by is Side.POLLING),
        orders=orders,
        polls_first=polls_first,
    )


def overdue(one: Seen, now: datetime, rules: Rules = RULES) -> bool:
    """Whether a notification of it should have come by now. Counted from when it was seen: eBay may show an order long after its date."""
    return one.first_at + rules.grace <= now


def notified_in_time(one: Seen, rules: Rules) -> bool:
    """Whether a notification told of it soon enough to do without a poll."""
    if one.first_by is Side.NOTIFICATIONS:
        return True
    return one.other_at is not None and not one.folded and one.when_other() - one.first_at <= rules.grace


def missing(one: Seen) -> MissingChange:
    """The version as a row of what the other side lacks; the first of its types stands for it."""
    return MissingChange(one.event_id, one.types[0], one.entity_id, one.version, one.topic, one.occurred_at, one.first_at)


def delays(seconds: Iterable[float | None]) -> Delays:
    """Nearest rank: each figure is one that was measured."""
    known = sorted(one for one in seconds if one is not None)
    if not known:
        return Delays()

    def rank(share: float) -> float:
        return known[max(math.ceil(len(known) * share) - 1, 0)]

    return Delays(len(known), rank(0.5), rank(0.95), known[-1])
