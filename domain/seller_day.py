"""What happened to a seller in the last 24 hours, as one strip: facts in, buckets of one kind each out. Pure.

The window begins with an hour and has 24 of them, the last of which is not over, as the day's numbers have everywhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HOURS = 24
HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
NAMED = 4  # things of a bucket that are named


class DayKind(StrEnum):
    """The rows of the strip, from above."""

    POLLS = "polls"
    CHANGES = "changes"
    FAILURES = "failures"
    ACTS = "acts"  # pauses, resumes, speed-ups and the like
    ALERTS = "alerts"
    NOTIFICATIONS = "notifications"


BUCKETS = dict.fromkeys(DayKind, QUARTER) | {DayKind.POLLS: HOUR}  # a quiet poll leaves its hour behind, and no more
NOUNS = {
    DayKind.POLLS: ("poll", "polls"),
    DayKind.CHANGES: ("change", "changes"),
    DayKind.FAILURES: ("failed poll", "failed polls"),
    DayKind.ACTS: ("act", "acts"),
    DayKind.ALERTS: ("alert opened or closed", "alerts opened or closed"),
    DayKind.NOTIFICATIONS: ("notification", "notifications"),
}

ACTS = {  # as people read of them; tokens and links that apps ask for are no part of the story
    "seller.pause": "pause",
    "seller.resume": "resume",
    "seller.speed_up": "speed-up",
    "seller.poll_now": "poll now",
    "seller.cadence": "new cadence",
    "seller.inventory": "new source of stock",
    "seller.mode": "new mode",
    "seller.enroll": "enrolled",
    "seller.connect": "new consent",
    "seller.remove": "removed",
}
STEERS_PAUSES = ("seller.pause", "seller.resume")


@dataclass(frozen=True, slots=True)
class DayFact:
    """So many of one thing, within one bucket."""

    kind: DayKind
    at: datetime  # of the first, UTC
    count: int
    what: str  # a stream, an act, an alert that opened or closed, eBay's topic
    last: datetime | None = None  # of the last; None: as the first
    text: str = ""  # of the newest: an error, an alert's words, who did it
    quiet: int = 0  # polls that found nothing


@dataclass(frozen=True, slots=True)
class DayBucket:
    """All of one kind within an hour or a quarter of it."""

    kind: DayKind
    at: datetime
    until: datetime
    facts: tuple[DayFact, ...]

    @property
    def count(self) -> int:
        """How many."""
        return sum(fact.count for fact in self.facts)

    @property
    def quiet(self) -> int:
        """How many polls found nothing."""
        return sum(fact.quiet for fact in self.facts)

    @property
    def parts(self) -> dict[str, int]:
        """How many of each thing, the most first."""
        counts = Counter[str]()
        for fact in self.facts:
            counts[fact.what] += fact.count
        return dict(counts.most_common())

    @property
    def words(self) -> str:
        """`12 polls, 11 of them found nothing: 9 of orders, 3 of inventory`; `poll of orders failed: EbayUnavailableError: ...`."""
        if self.kind not in (DayKind.POLLS, DayKind.CHANGES, DayKind.NOTIFICATIONS):
            return _some([_words(fact) for fact in self.facts], "; ")
        quiet = f", {self.quiet:,} of them found nothing" if self.quiet else ""
        if quiet and self.quiet == self.count:
            quiet = ", found nothing" if self.count == 1 else ", all found nothing"
        if len(self.parts) == 1:
            return f"{counted(self.kind, self.count)} of {next(iter(self.parts))}{quiet}"
        return f"{counted(self.kind, self.count)}{quiet}: {_some([f'{count:,} of {what}' for what, count in self.parts.items()], ', ')}"


@dataclass(frozen=True, slots=True)
class SellerDay:
    """The strip: buckets that hold something, by kind and time."""

    since: datetime
    until: datetime  # now
    buckets: tuple[DayBucket, ...]

    @property
    def totals(self) -> dict[DayKind, int]:
        """How many of each kind in the whole window."""
        totals = dict.fromkeys(DayKind, 0)
        for bucket in self.buckets:
            totals[bucket.kind] += bucket.count
        return totals

    @property
    def hours(self) -> list[datetime]:
        """Their beginnings, oldest first."""
        return [self.since + HOUR * number for number in range(HOURS)]

    def of(self, kind: DayKind) -> list[DayBucket]:
        """One row of it, oldest first."""
        return [bucket for bucket in self.buckets if bucket.kind is kind]

    def within(self, hour: datetime) -> list[DayBucket]:
        """What happened in one hour."""
        return [bucket for bucket in self.buckets if hour <= bucket.at < hour + HOUR]

    def only(self, kinds: Iterable[DayKind]) -> SellerDay:
        """The same with these kinds alone."""
        chosen = set(kinds)
        return SellerDay(self.since, self.until, tuple(bucket for bucket in self.buckets if bucket.kind in chosen))


def counted(kind: DayKind, count: int) -> str:
    """`1 poll`, `12 polls`."""
    return f"{count:,} {NOUNS[kind][count != 1]}"


def window_of(now: datetime) -> datetime:
    """When the window that ends now begins."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - HOUR * (HOURS - 1)


def seller_day(facts: Iterable[DayFact], now: datetime) -> SellerDay:
    """Facts as a strip. What was recorded after `now` was read is of the last bucket; what is older than the window is left out."""
    since, now = window_of(now), now.astimezone(UTC)
    found: dict[tuple[DayKind, datetime], list[DayFact]] = {}
    for fact in facts:
        if fact.at >= since and fact.count > 0:
            length = BUCKETS[fact.kind]
            at = since + (min(fact.at.astimezone(UTC), now) - since) // length * length
            found.setdefault((fact.kind, at), []).append(fact)
    order = {kind: number for number, kind in enumerate(DayKind)}
    keys = sorted(found, key=lambda key: (order[key[0]], key[1]))
    return SellerDay(
        since,
        now,
        tuple(
            DayBucket(kind, at, at + BUCKETS[kind], tuple(sorted(found[kind, at], key=lambda one: (one.at, one.what)))) for kind, at in keys
        ),
    )


def ends_of_pauses(pauses: Mapping[datetime, datetime | None], since: datetime, now: datetime) -> list[DayFact]:
    """Pauses that were over by themselves: no act says so. `pauses`: ends by the times at which they, or a resume (None), were said."""
    said_at = sorted(pauses)
    found = []
    for number, at in enumerate(said_at):
        until, following = pauses[at], said_at[number + 1] if number + 1 < len(said_at) else now
        if until is not None and since <= until <= min(following, now):
            found.append(DayFact(DayKind.ACTS, until, 1, "pause ended", text="by itself"))
    return found


def span(bucket: DayBucket) -> str:
    """`04:00 to 05:00`; of what happened once, or at one time, `04:12`."""
    if bucket.kind is DayKind.POLLS:
        return f"{bucket.at:%H:%M} to {bucket.until:%H:%M}"
    times = [moment.astimezone(UTC) for fact in bucket.facts for moment in (fact.at, fact.last or fact.at)]
    first, last = f"{min(times):%H:%M}", f"{max(times):%H:%M}"
    return first if first == last else f"{first} to {last}"


def _words(fact: DayFact) -> str:
    times = f" ({fact.count:,} times)" if fact.count > 1 else ""
    return f"{fact.what}{times}{': ' if fact.text else ''}{fact.text}"


def _some(words: list[str], between: str) -> str:
    more = len(words) - NAMED
    return between.join(words[:NAMED]) + (f" and {more} more" if more > 0 else "")
