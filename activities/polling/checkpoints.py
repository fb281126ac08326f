"""The checkpoint of each stream but the report's (`report_checkpoint.py`). The rules of all: `checkpoint.py`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from activities.polling.checkpoint import Checkpoint, Count, ScanId, Seconds, StoredWidth, Time
from ebay.client import PAGE
from ebay.clock import MS

OffsetsBy = Literal["rows", "pages"]


class OrdersCheckpoint(Checkpoint):
    """`[{width}, time, time, ...]`, the width where one is known; once no window is left `{"limit": {width}}`, or nothing."""

    pending_windows: tuple[Time, ...] = ()  # their bounds, oldest first, each window from one to the next; a single one: what is newer
    width: StoredWidth = Field(None, alias="limit")

    @model_validator(mode="before")
    @classmethod
    def of_any_version(cls, stored: Any) -> Any:
        if not isinstance(stored, list):
            return stored
        width = stored[0] if stored and isinstance(stored[0], dict) else None
        return {"pending_windows": stored if width is None else stored[1:], "limit": width}

    def as_json(self) -> Any:
        made = self.model_dump(mode="json")
        if not self.pending_windows:
            return super().as_json()
        return [*([made["width"]] if self.width else []), *made["pending_windows"]]


class BackfillCheckpoint(OrdersCheckpoint):
    """The same, first written by the enrolment, which knows the beginning and the end. Nothing: all is read."""

    def as_json(self) -> Any:
        return super().as_json() if self.pending_windows else None


class FulfillmentCheckpoint(Checkpoint, extra="allow"):
    """A round over the open orders."""

    scan: ScanId
    page: Count  # the next one of the scan
    listed: bool  # eBay's list is read; then come by number those that it had not
    history_left: Count = Field(alias="past")  # parcels from before the enrolment that the round may still read
    since: Time | None = None  # open orders that were created before are not compared; None: begun by a version that compared all
    began: Time | None = None  # a round over three months, which becomes the cursor

    @model_validator(mode="before")
    @classmethod
    def of_any_version(cls, stored: Any) -> Any:
        """The first one read parcels before each round, and as many as there were."""
        named = isinstance(stored, dict) and ("past" in stored or "history_left" in stored)
        return stored if named or not isinstance(stored, dict) else {**stored, "past": 0}


class KnownRows(Checkpoint):
    """Rows of the list of SKUs that eBay cannot show, from one scan to the next."""

    rows: tuple[Count, ...] = Field(alias="sick")
    looked_at: Time | None = Field(None, alias="looked")  # when each was last asked for; our clock
    breaking_skus: tuple[str, ...] = Field((), alias="apart")  # lists break at them: asked for alone, in turn


class InventoryScan(Checkpoint, extra="allow"):
    """A scan of all SKUs."""

    scan: ScanId
    turn: Count  # from 1: once more where the SKUs did not agree with eBay's count
    page: Count  # the next one of the scan
    next_page: str | None = Field(alias="place")  # eBay's `next`; None: the beginning, or all is listed
    total: int | None  # SKUs by eBay's count, once all pages are read
    row: Count | None = None  # of the list, at which `next_page` begins; None: 0
    parts: tuple[tuple[Count, Count], ...] = ()  # of a page that eBay cannot show: first row and number of rows of those not read yet
    offsets_by: OffsetsBy | None = Field(None, alias="by")  # what eBay's offsets count; None: not known
    row_count: int | None = Field(None, alias="of")  # of the list, as a part said that eBay answered
    unreadable: tuple[Count, ...] = Field((), alias="sick")  # rows that eBay cannot show, found in this scan
    known: tuple[Count, ...] = ()  # those of the scan before
    row_by_row: bool | None = Field(None, alias="fine")  # those are asked for one by one; None: by a version that asked around each
    looked_at: Time | None = Field(None, alias="looked")
    breaking_skus: tuple[str, ...] = Field((), alias="apart")

    @model_validator(mode="before")
    @classmethod
    def of_any_version(cls, stored: Any) -> Any:
        """The first one counted pages alone, all of them full."""
        if isinstance(stored, dict) and stored.get("place") and "row" not in stored and isinstance(stored.get("page"), int):
            return {**stored, "row": stored["page"] * PAGE}
        return stored


class InventoryCheckpoint(Checkpoint):
    """`{"scan": 7, ...}` while one is under way, else what the next one has to know: `{"limit": {"sick": [...], ...}}`, or nothing."""

    scan: InventoryScan | None = None
    known_rows: KnownRows | None = Field(None, alias="limit")

    @model_validator(mode="before")
    @classmethod
    def of_any_version(cls, stored: Any) -> Any:
        return {"scan": stored} if isinstance(stored, dict) and isinstance(stored.get("scan"), int) else stored

    def as_json(self) -> Any:
        return self.scan.as_json() if self.scan else super().as_json()


class ListingsCheckpoint(Checkpoint):
    """`{"from": time, "width_s": 900.0, "limit": {width}}`, each where there is one."""

    read_to: Time | None = Field(None, alias="from")  # all that was modified up to here is read; None: the read is over
    window: Seconds | None = Field(None, alias="width_s")  # so wide the next one is, for its answer to be whole
    width: StoredWidth = Field(None, alias="limit")

    @model_validator(mode="after")
    def is_whole(self) -> Self:
        if (self.read_to is None) is not (self.window is None):
            raise ValueError("where a read goes on is a time and a width")
        return self


class OffersCheckpoint(Checkpoint):
    """How far the round is. Nothing else may be added: earlier versions refuse what they do not know."""

    sku: str  # the last one that was asked for; empty: none yet
    round: Count  # the first one, 0, tells of what was there before

    @property
    def source(self) -> str:
        return "backfill" if self.round == 0 else "poll"


class SweepCheckpoint(Checkpoint, extra="allow"):
    """How far the sweep is: windows of creation, then open orders, then old ones."""

    start: Time = Field(alias="from")
    end: Time = Field(alias="to")  # where polling stood when it began
    missed_before: Time = Field(alias="before")  # a change of before then polling should have found
    windows_read: Annotated[
        bool,
        BeforeValidator(lambda value: value if isinstance(value, bool) else value is None),
        PlainSerializer(lambda read: None if read else 0),
    ] = Field(alias="offset")  # null: they are; the first versions went by offsets
    after: str  # the last open order that was asked for
    missed: Count
    undated: Count
    pending_windows: tuple[Time, ...] = Field((), alias="edges")  # their bounds, as of orders; none: all between start and end
    width: StoredWidth = Field(None, alias="limit")
    old_left: int | None = Field(None, alias="old")  # old open orders that it may still ask for; None: it has not come to these
    old_after: str = ""  # the last one of them that was asked for

    @model_validator(mode="before")
    @classmethod
    def of_any_version(cls, stored: Any) -> Any:
        return {name: value for name, value in stored.items() if name != "done"} if isinstance(stored, dict) else stored

    @property
    def done(self) -> float | None:
        """The share of the windows that is read, for `status` (`store/reading/progress.py`); None: that is not known yet."""
        if self.windows_read:
            return 1.0
        if not self.pending_windows:
            return None
        return round((self.pending_windows[0] - self.start) / max(self.end - self.start, MS), 3)

    def as_json(self) -> Any:
        return {**super().as_json(), **({} if self.done is None else {"done": self.done})}
