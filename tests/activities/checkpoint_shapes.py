"""What versions wrote beside their cursors, copied by hand, and what it meant: each shape of `streams.reading` that ever was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from activities.polling.checkpoint import Checkpoint
from activities.polling.checkpoints import (
    BackfillCheckpoint,
    FulfillmentCheckpoint,
    InventoryCheckpoint,
    InventoryScan,
    KnownRows,
    ListingsCheckpoint,
    OffersCheckpoint,
    OrdersCheckpoint,
    SweepCheckpoint,
)
from activities.polling.report_checkpoint import Phase, ReportCheckpoint
from ebay.narrowing import LearnedWidth

NOON, ONE, TWO = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (12, 13, 14))
N, O, T = "2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00.000Z", "2026-03-01T14:00:00.000Z"  # noqa: E741
LIMIT = {"width_s": 3600.0, "good_s": 1800.0, "proven": True}
WIDTH = LearnedWidth(timedelta(hours=1), timedelta(minutes=30), proven=True)
TRIED = LearnedWidth(timedelta(minutes=1), None, proven=False)
SWEEP = {"from": N, "to": T, "before": O, "after": "", "missed": 1, "undated": 2}
SWEPT: dict[str, Any] = {"start": NOON, "end": TWO, "missed_before": ONE, "after": "", "missed": 1, "undated": 2}
SCAN = {"scan": 7, "turn": 1, "page": 3, "place": "/sell/inventory/v1/inventory_item?offset=600&limit=200", "total": None}
SCANNED: dict[str, Any] = {"scan": 7, "turn": 1, "page": 3, "next_page": SCAN["place"], "total": None}
REPORT = {"began_at": "2026-03-01T12:00:00Z", "first": False, "behind": False, "scan": 7}
REPORTED: dict[str, Any] = {"began_at": NOON, "first": False, "behind": False, "scan": 7}


class Shape(NamedTuple):
    name: str
    stored: Any
    meant: Checkpoint


OLDER = [
    Shape("orders, before widths were learned", [N, O, T], OrdersCheckpoint(pending_windows=(NOON, ONE, TWO))),
    Shape("backfill, by the enrolment", [N, T], BackfillCheckpoint(pending_windows=(NOON, TWO))),
    Shape(
        "fulfillment, before history had a bound",
        {"scan": 7, "page": 2, "listed": False},
        FulfillmentCheckpoint(scan=7, page=2, listed=False, history_left=0),
    ),
    Shape(
        "fulfillment, over all open orders",
        {"scan": 7, "page": 2, "listed": True, "past": 12},
        FulfillmentCheckpoint(scan=7, page=2, listed=True, history_left=12),
    ),
    Shape("inventory, pages alone", SCAN, InventoryCheckpoint(scan=InventoryScan(**SCANNED, row=600))),
    Shape(
        "inventory, all pages alone",
        {**SCAN, "place": None, "total": 512},
        InventoryCheckpoint(scan=InventoryScan(**{**SCANNED, "next_page": None, "total": 512})),
    ),
    Shape(
        "inventory, single rows",
        {**SCAN, "row": 400, "parts": [[400, 1], [401, 1]], "by": None, "sick": [17], "known": [17], "of": 512},
        InventoryCheckpoint(
            scan=InventoryScan(**SCANNED, row=400, parts=((400, 1), (401, 1)), unreadable=(17,), known=(17,), row_count=512)
        ),
    ),
    Shape("inventory, rows alone remembered", {"limit": {"sick": [17]}}, InventoryCheckpoint(known_rows=KnownRows(rows=(17,)))),
    Shape(
        "listings, before widths were learned",
        {"from": N, "width_s": 900.0},
        ListingsCheckpoint(read_to=NOON, window=timedelta(minutes=15)),
    ),
    Shape("offers, that counted what failed", {"sku": "a", "round": 2, "unread": 3}, OffersCheckpoint(sku="a", round=2)),
    Shape("sweep, by offsets", {**SWEEP, "offset": 400}, SweepCheckpoint(**SWEPT, windows_read=False)),
    Shape("sweep, offsets read", {**SWEEP, "offset": None}, SweepCheckpoint(**SWEPT, windows_read=True)),
    Shape(
        "report, what is left out",  # by this version too: where a default changes, the version before reads something else
        REPORT,
        ReportCheckpoint(
            **REPORTED, phase=Phase.ASK, tries=0, asked=0, task=None, ready_at=None, whole=False, skus=True, compared=0, rows=0, lists=0,
            walks=0, page=0, count=0, lost=0, steady=True, to_read=(), alone=0, changed=(), width=None, verifications=0, since=None,
            read_at=None,
        ),
    ),
    Shape(
        "report, before widths were learned",
        {**REPORT, "phase": "meet", "ready_at": "2026-03-01T13:00:00.123456Z", "wanted": ["listing:1"], "looks": 1},
        ReportCheckpoint(
            **REPORTED, phase=Phase.CATCH_UP, ready_at=ONE.replace(microsecond=123000), to_read=("listing:1",), verifications=1
        ),
    ),
]  # fmt: skip

# As commit c08efd3 wrote them, which is the version before the models: it reads what is written now.
BEFORE = [
    Shape("orders, under way", [LIMIT, N, O, T], OrdersCheckpoint(pending_windows=(NOON, ONE, TWO), width=WIDTH)),
    Shape("orders, what is newer is left", [N], OrdersCheckpoint(pending_windows=(NOON,))),
    Shape("orders, a width", {"limit": {"width_s": 60.0, "proven": False}}, OrdersCheckpoint(width=TRIED)),
    Shape("backfill, under way", [LIMIT, O, T], BackfillCheckpoint(pending_windows=(ONE, TWO), width=WIDTH)),
    Shape(
        "fulfillment, of three months",
        {"scan": 7, "page": 2, "listed": True, "past": 12, "since": "2026-03-01T12:00:00.000+00:00", "began": "2026-03-01T13:00:00+00:00"},
        FulfillmentCheckpoint(scan=7, page=2, listed=True, history_left=12, since=NOON, began=ONE),
    ),
    Shape("inventory, begun", {**SCAN, "page": 0, "place": None}, InventoryCheckpoint(
        scan=InventoryScan(**{**SCANNED, "page": 0, "next_page": None})
    )),
    Shape("inventory, a page", {**SCAN, "row": 600, "by": "rows"}, InventoryCheckpoint(
        scan=InventoryScan(**SCANNED, row=600, offsets_by="rows")
    )),
    Shape(
        "inventory, parts",
        {**SCAN, "row": 0, "parts": [[0, 100], [100, 25]], "by": "pages", "sick": [17], "known": [17, 30], "fine": False, "looked": N,
         "apart": ["a", "b"], "of": 512},
        InventoryCheckpoint(scan=InventoryScan(
            **SCANNED, row=0, parts=((0, 100), (100, 25)), offsets_by="pages", unreadable=(17,), known=(17, 30), row_by_row=False,
            looked_at=NOON, breaking_skus=("a", "b"), row_count=512,
        )),
    ),
    Shape(
        "inventory, remembered",
        {"limit": {"sick": [17], "looked": N, "apart": ["a"]}},
        InventoryCheckpoint(known_rows=KnownRows(rows=(17,), looked_at=NOON, breaking_skus=("a",))),
    ),
    Shape(
        "listings, under way",
        {"from": N, "width_s": 900.0, "limit": LIMIT},
        ListingsCheckpoint(read_to=NOON, window=timedelta(minutes=15), width=WIDTH),
    ),
    Shape("listings, a width", {"limit": LIMIT}, ListingsCheckpoint(width=WIDTH)),
    Shape("offers", {"sku": "a", "round": 1, "unread": 0}, OffersCheckpoint(sku="a", round=1)),
    Shape("sweep, begun", {**SWEEP, "offset": 0}, SweepCheckpoint(**SWEPT, windows_read=False)),
    Shape(
        "sweep, windows",
        {**SWEEP, "offset": 0, "edges": [O, T], "limit": None, "done": 0.5},
        SweepCheckpoint(**SWEPT, windows_read=False, pending_windows=(ONE, TWO)),
    ),
    Shape(
        "sweep, old orders",
        {**SWEEP, "offset": None, "edges": [], "limit": LIMIT, "done": 1.0, "old": 1951, "old_after": "9-1"},
        SweepCheckpoint(**SWEPT, windows_read=True, width=WIDTH, old_left=1951, old_after="9-1"),
    ),
    Shape(
        "report, all of it",
        {**REPORT, "phase": "judge", "tries": 1, "asked": 2, "task": "task-9", "ready_at": "2026-03-01T13:00:00Z", "whole": True,
         "skus": False, "compared": 1, "rows": 300, "lists": 1, "walks": 1, "page": 2, "count": 200, "lost": 1, "steady": False,
         "wanted": ["listing:1"], "alone": 3, "changed": ["listing:2"], "limit": LIMIT, "looks": 2, "since": "2026-03-01T12:00:00Z",
         "read_at": "2026-03-01T14:00:00Z"},
        ReportCheckpoint(
            **REPORTED, phase=Phase.VERIFY, tries=1, asked=2, task="task-9", ready_at=ONE, whole=True, skus=False, compared=1, rows=300,
            lists=1, walks=1, page=2, count=200, lost=1, steady=False, to_read=("listing:1",), alone=3, changed=("listing:2",),
            width=WIDTH, verifications=2, since=NOON, read_at=TWO,
        ),
    ),
]  # fmt: skip

ALWAYS: dict[type[Checkpoint], dict[str, type | tuple[type, ...]]] = {
    FulfillmentCheckpoint: {"scan": int, "page": int, "listed": bool, "past": int},
    InventoryScan: {"scan": int, "turn": int, "page": int, "place": (str, type(None)), "total": (int, type(None))},
    KnownRows: {"sick": list},
    OffersCheckpoint: {"sku": str, "round": int},
    SweepCheckpoint: {
        "from": str, "to": str, "before": str, "offset": (int, type(None)), "after": str, "missed": int, "undated": int
    },
    ReportCheckpoint: {"began_at": str, "first": bool, "behind": bool, "scan": int},
}  # fmt: skip
"""Keys that the version before takes without asking whether they are there."""
TOGETHER = {"from": "width_s", "parts": "row", "known": "fine"}
"""Of a key that is there another one that it then takes without asking; the listings' `from`, and of the inventory."""
NEVER_NULL = {"edges", "sick", "known", "parts", "apart", "old", "old_after", "width_s", "row", "fine", "looked", "wanted", "changed"}
"""Keys of which it takes a null for a value, and fails. (A null `done`, `limit`, `of`, `by`, `since` or `began` is none.)"""
ONLY: dict[type[Checkpoint], set[str]] = {OffersCheckpoint: {"sku", "round", "unread"}}
"""Keys of models that refused any other."""
