"""Where the reading of the report stands: all of it, so that any step can go on after any crash."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field

from activities.polling.checkpoint import Checkpoint, Count, ScanId, StoredWidth, Time

LONGEST_WAIT = timedelta(minutes=2)
TRIES = 3  # reports asked for, where they fail or cannot be read
WALKS = 3  # over the pages, until their count stays the same
LISTS = 2  # complete lists that a listing is absent from are as good as asking for it
A_PAGE = 200
FEW, MANY = 10, 100  # listings read alone: absent ones at least so many, so many at most
WALK = 1_000_000  # pages of the scan that a walk may have
VERIFICATIONS = 3  # before a change counts as missed
MOST_CHANGED = 1_000  # listings that changed, stored by id to see whether polling found them too


class Phase(StrEnum):
    """What is done next. The values are as they are stored."""

    ASK = "ask"
    WAIT = "wait"
    CATCH_UP = "meet"
    COMPARE = "compare"
    PAGES = "pages"
    ITEMS = "items"
    ABSENT = "absent"
    VERIFY = "judge"

    @property
    def words(self) -> str:
        return {
            Phase.ASK: "asks eBay for it",
            Phase.WAIT: "waits for it",
            Phase.CATCH_UP: "lets polling catch up with it",
            Phase.COMPARE: "compares it with what is stored",
            Phase.PAGES: "reads all active listings",
            Phase.ITEMS: "reads what differs",
            Phase.ABSENT: "asks for what is absent",
            Phase.VERIFY: "verifies whether polling missed something",
        }[self]


class ReportCheckpoint(Checkpoint):
    phase: Phase = Phase.ASK
    began_at: Time  # before the report, or the first page, was asked for; eBay's clock once it answered
    first: bool  # no report was ever read: what is found is history
    behind: bool  # no cursor, or one that eBay does not look back to: the report replaces what could not be polled
    scan: ScanId
    tries: Count = 0  # reports asked for
    asked: Count = 0  # times it was asked whether the report, or room for one, is there
    task: str | None = None  # eBay's id of the report; None: there is none
    ready_at: Time | None = None
    whole: bool = False  # the report is complete by eBay's word
    skus: bool = True  # the seller has SKUs in the Inventory API
    compared: Count = 0  # times the report was compared with what is stored
    rows: int = 0  # of the report, or active listings by eBay's count
    lists: Count = 0  # complete lists behind `scan`
    walks: Count = 0
    page: Count = 0  # the last one that was stored
    count: Count = 0  # listings on the pages of this walk
    lost: Count = 0  # rows of it that eBay cannot show
    steady: bool = True  # the total stayed the same in this walk
    to_read: tuple[str, ...] = Field((), alias="wanted")  # alone
    alone: Count = 0  # absent ones read alone
    changed: tuple[str, ...] = ()  # what was found changed
    width: StoredWidth = Field(None, alias="limit")  # of the windows, where eBay fails for wider ones
    verifications: Count = Field(0, alias="looks")  # of what is left of `changed`, by the windows
    since: Time | None = None  # the listings' cursor before anything was found here
    read_at: Time | None = None  # of the last answer in which something was found

    @property
    def source(self) -> str:
        """Of the events. What could not be polled is no miss: a pause is none."""
        return "backfill" if self.first else "poll" if self.behind else "sweep"

    def found(self, changed: tuple[str, ...], read_at: datetime) -> Self:
        if not changed:
            return self
        return self.move(changed=tuple(dict.fromkeys([*self.changed, *changed]))[:MOST_CHANGED], read_at=read_at)

    def wait(self, first: timedelta) -> timedelta:
        """How long until eBay is asked again."""
        return min(first * 1.5 ** min(self.asked, 20), LONGEST_WAIT)

    def cheap(self, active: int) -> bool:
        """Whether to read so many active listings one by one, since that is fewer calls than reading all pages."""
        return active <= min(MANY, max(1, -(-self.rows // A_PAGE)))

    def few(self, absent: int) -> bool:
        """Whether to ask for so many absent listings one by one: only that tells what they ended with."""
        return absent <= FEW or self.cheap(absent)
