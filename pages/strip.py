"""The strip of a seller's day, as SVG inside the page: a row a kind, a bar an hour or a quarter of it, and the same in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from domain.seller_day import BUCKETS, HOUR, HOURS, DayBucket, DayKind, SellerDay, counted, span

QUARTERS = 4
WIDTH, HEIGHT = HOURS * QUARTERS, 20  # units of the picture
LEAST = 4.0  # units: one change beside an hour with thousands is seen
GAP = 0.15
TITLES = {
    DayKind.POLLS: "Polls",
    DayKind.CHANGES: "Changes",
    DayKind.FAILURES: "Failures",
    DayKind.ACTS: "Pauses and acts",
    DayKind.ALERTS: "Alerts",
    DayKind.NOTIFICATIONS: "Notifications",
}


@dataclass(frozen=True, slots=True)
class StripRow:
    """One kind: how many in 24 hours, and where."""

    kind: DayKind
    title: str
    count: int
    picture: Markup


@dataclass(frozen=True, slots=True)
class StripHour:
    """A column of it. `words`: what happened then; empty: nothing."""

    id: str
    at: datetime
    label: str  # `04`; at midnight with the date
    span: str
    words: str
    entries: list[tuple[DayKind, str, str]]  # kind, when, what


def rows(day: SellerDay) -> list[StripRow]:
    """From above."""
    return [StripRow(kind, TITLES[kind], count, _picture(kind, day)) for kind, count in day.totals.items()]


def hours(day: SellerDay) -> list[StripHour]:
    """Oldest first, all 24."""
    return [_hour(day, at) for at in day.hours]


def _hour(day: SellerDay, at: datetime) -> StripHour:
    found = day.within(at)
    label = f"{at:%H}" if at.hour else f"{at.day} {at:%b}"
    words = "; ".join(one.words if one.kind is DayKind.POLLS else f"{span(one)} {one.words}" for one in found)
    entries = [(one.kind, span(one), one.words) for one in found]
    return StripHour(f"hour-{at:%dT%H}", at, label, f"{at:%H:%M} to {at + HOUR:%H:%M}", words, entries)


def _picture(kind: DayKind, day: SellerDay) -> Markup:
    found = day.of(kind)
    most = max((one.count for one in found), default=1)
    bars = Markup("").join(_bar(one, day, most) for one in found)
    return Markup(
        '<svg class="row of-{kind}" role="img" aria-label="{words}" viewBox="0 0 {width} {height}" preserveAspectRatio="none">{bars}</svg>'
    ).format(kind=kind.value, words=_in_words(kind, day), width=WIDTH, height=HEIGHT, bars=bars)


def _bar(one: DayBucket, day: SellerDay, most: int) -> Markup:
    left, wide = (one.at - day.since) / HOUR * QUARTERS, BUCKETS[one.kind] / HOUR * QUARTERS
    tall = LEAST + (HEIGHT - LEAST) * math.log1p(one.count) / math.log1p(most)
    whole = _rectangle(left, wide, tall, "quiet" if one.quiet else "loud")
    loud = one.count - one.quiet
    return whole + (_rectangle(left, wide, max(LEAST / 2, tall * loud / one.count), "loud") if one.quiet and loud else Markup(""))


def _rectangle(left: float, wide: float, tall: float, what: str) -> Markup:
    return Markup('<rect class="{what}" x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{tall:.2f}"/>').format(
        what=what, x=left + GAP / 2, y=HEIGHT - tall, wide=wide - GAP, tall=tall
    )


def _in_words(kind: DayKind, day: SellerDay) -> str:
    found = day.of(kind)
    if not found:
        return f"{counted(kind, 0)} in 24 hours"
    most = max(found, key=lambda one: one.count)
    return f"{counted(kind, day.totals[kind])} in 24 hours, most of them ({most.count:,}) from {most.at:%H:%M} UTC"
