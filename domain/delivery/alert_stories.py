"""What became of each alert since somebody was last written to: all that happened to one is one story."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertNews(StrEnum):
    """What became of an alert, in the order in which people read it."""

    OPENED = "opened"
    REOPENED = "reopened"  # it was open, closed, and is open again
    PASSED = "passed"  # opened and closed before anything was said
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert that was opened or closed, as the feed has it. `kind`: as it is stored, `late:orders`."""

    position: int
    seller_id: str | None  # None: of the fleet
    kind: str
    is_open: bool
    text: str
    opened_at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertStory:
    """One alert of one seller, or of the fleet. `times`: how often it opened meanwhile."""

    news: AlertNews
    seller_id: str | None
    kind: str
    text: str
    opened_at: datetime
    closed_at: datetime | None
    times: int

    @property
    def base(self) -> str:
        """The kind without what stands behind its colon."""
        return self.kind.partition(":")[0]


def stories(changes: Iterable[AlertChange], reader: str = "") -> list[AlertStory]:
    """One of each alert, in the order in which they began.

    Args:
        reader: the endpoint that is written to. That it fails itself is said to the others: said to it, each failure would be news.
    """
    own = {f"endpoint_failing:{reader}", f"endpoint_off:{reader}"} if reader else set()
    found: dict[tuple[str, str], list[AlertChange]] = {}
    for change in changes:
        if change.kind not in own:
            found.setdefault((change.seller_id or "", change.kind), []).append(change)
    return [_story(of_one) for of_one in found.values()]


def _story(changes: list[AlertChange]) -> AlertStory:
    first, last = changes[0], changes[-1]
    if last.is_open:
        news = AlertNews.OPENED if first.is_open else AlertNews.REOPENED
    else:
        news = AlertNews.PASSED if first.is_open else AlertNews.CLOSED
    times = sum(1 for one in changes if one.is_open)
    closed_at = None if last.is_open else last.closed_at
    return AlertStory(news, last.seller_id, last.kind, last.text, last.opened_at, closed_at, times)
