"""Where the reading of the report stands: all of it, as JSON beside the cursor, so that any step can go on after any crash."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel

Phase = Literal["ask", "wait", "meet", "compare", "pages", "items", "absent", "judge"]

LONGEST_WAIT = timedelta(minutes=2)
TRIES = 3  # reports asked for, where they fail or cannot be read
WALKS = 3  # over the pages, until their count stays the same
LISTS = 2  # complete lists that a listing is absent from are as good as asking for it
A_PAGE = 200
FEW, MANY = 10, 100  # listings read alone: absent ones at least so many, so many at most
WALK = 1_000_000  # pages of the scan that a walk may have
LOOKS = 3  # at the windows, before a change counts as missed
TOLD = 1_000  # listings that changed, kept by id to see whether polling told of them


class ReportCheckpoint(BaseModel, frozen=True):
    phase: Phase = "ask"
    began_at: datetime  # before the report, or the first page, was asked for; eBay's clock once it answered
    first: bool  # no report was ever read: what is found is the past
    behind: bool  # no cursor, or one that eBay does not look back to: the report replaces what could not be polled
    scan: int  # of `scan_pages`
    tries: int = 0  # reports asked for
    asked: int = 0  # times it was asked whether the report, or room for one, is there
    task: str | None = None  # eBay's id of the report; None: there is none
    ready_at: datetime | None = None
    whole: bool = False  # the report is complete by eBay's word
    skus: bool = True  # the seller has SKUs in the Inventory API
    compared: int = 0  # times the report was compared with what is stored
    rows: int = 0  # of the report, or active listings by eBay's count
    lists: int = 0  # complete lists behind `scan`
    walks: int = 0
    page: int = 0  # the last one that was kept
    count: int = 0  # listings on the pages of this walk
    lost: int = 0  # rows of it that eBay cannot show
    steady: bool = True  # the total stayed the same in this walk
    wanted: tuple[str, ...] = ()  # to be read alone
    alone: int = 0  # absent ones read alone
    changed: tuple[str, ...] = ()  # what was found changed
    limit: dict[str, Any] | None = None  # of the windows' width, where eBay fails for wider ones
    looks: int = 0  # back at the windows, for what is left of `changed`
    since: datetime | None = None  # the listings' cursor before anything was found here
    read_at: datetime | None = None  # of the last answer in which something was found

    @property
    def source(self) -> str:
        """Of the events. What could not be polled is no miss: a pause is none."""
        return "backfill" if self.first else "poll" if self.behind else "sweep"

    def move(self, **fields: object) -> ReportCheckpoint:
        return self.model_copy(update=fields)

    def found(self, changed: tuple[str, ...], read_at: datetime) -> ReportCheckpoint:
        if not changed:
            return self
        return self.move(changed=tuple(dict.fromkeys([*self.changed, *changed]))[:TOLD], read_at=read_at)

    def wait(self, first: timedelta) -> timedelta:
        """How long until eBay is asked again."""
        return min(first * 1.5 ** min(self.asked, 20), LONGEST_WAIT)

    def cheap(self, active: int) -> bool:
        """Whether to read so many active listings one by one, since that is fewer calls than reading all pages."""
        return active <= min(MANY, max(1, -(-self.rows // A_PAGE)))

    def few(self, absent: int) -> bool:
        """Whether to ask for so many absent listings one by one: only that tells what they ended with."""
        return absent <= FEW or self.cheap(absent)
