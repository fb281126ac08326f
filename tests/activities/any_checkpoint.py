"""Any checkpoint of any stream, for hypothesis."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

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
from domain.pacing import Stream
from ebay.narrowing import LearnedWidth

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
COUNTS = st.integers(0, 2**31 - 1)
WORDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=9)
SPANS = st.integers(1, 10**12).map(lambda us: timedelta(microseconds=us))
WIDTHS = st.one_of(
    st.builds(LearnedWidth, SPANS, SPANS, st.booleans()),
    st.builds(LearnedWidth, SPANS, st.none(), st.just(False)),
    st.builds(LearnedWidth, st.none(), SPANS, st.just(False)),
)
ROWS = st.lists(COUNTS, max_size=9).map(tuple)
SKUS = st.lists(WORDS, max_size=4).map(tuple)


def maybe(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | some


def several(some: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(some, min_size=least, max_size=9).map(tuple)


BUILT: dict[type[Checkpoint], set[str]] = {}
"""The fields that some checkpoint here has a value of its own for."""


def built(model: type[Checkpoint], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """By the names of its fields: `st.builds` would give each alias a value of its own."""
    BUILT.setdefault(model, set()).update(fields)
    return st.fixed_dictionaries(fields).map(lambda given: model(**given))


KNOWN = built(KnownRows, rows=ROWS, looked_at=maybe(TIMES), breaking_skus=SKUS)
SCANS = built(
    InventoryScan,
    scan=st.integers(0, 2**63 - 1),
    turn=COUNTS,
    page=COUNTS,
    next_page=maybe(WORDS.filter(bool)),
    total=maybe(COUNTS),
    row=COUNTS,
    parts=several(st.tuples(COUNTS, COUNTS)),
    offsets_by=st.sampled_from([None, "rows", "pages"]),
    row_count=maybe(COUNTS),
    unreadable=ROWS,
    known=ROWS,
    row_by_row=st.booleans(),
    looked_at=maybe(TIMES),
    breaking_skus=SKUS,
)
REPORTS = built(
    ReportCheckpoint,
    phase=st.sampled_from(Phase),
    began_at=TIMES,
    **dict.fromkeys(("first", "behind", "whole", "skus", "steady"), st.booleans()),
    **dict.fromkeys(("scan", "tries", "asked", "compared", "rows", "lists", "walks", "page", "count", "lost", "alone"), COUNTS),
    task=maybe(WORDS),
    to_read=SKUS,
    changed=SKUS,
    width=maybe(WIDTHS),
    verifications=COUNTS,
    **dict.fromkeys(("ready_at", "since", "read_at"), maybe(TIMES)),
)
CHECKPOINTS: dict[Stream, st.SearchStrategy[Checkpoint]] = {
    Stream.ORDERS: built(OrdersCheckpoint, pending_windows=several(TIMES), width=maybe(WIDTHS)),
    Stream.BACKFILL: built(BackfillCheckpoint, pending_windows=several(TIMES, 1), width=maybe(WIDTHS)),
    Stream.FULFILLMENT: built(
        FulfillmentCheckpoint, scan=COUNTS, page=COUNTS, listed=st.booleans(), history_left=COUNTS, since=maybe(TIMES), began=maybe(TIMES)
    ),
    Stream.INVENTORY: built(InventoryCheckpoint, scan=SCANS) | built(InventoryCheckpoint, known_rows=maybe(KNOWN)),
    Stream.LISTINGS: built(ListingsCheckpoint, read_to=TIMES, window=SPANS, width=maybe(WIDTHS))
    | built(ListingsCheckpoint, width=maybe(WIDTHS)),
    Stream.OFFERS: built(OffersCheckpoint, sku=WORDS, round=COUNTS),
    Stream.REPORT: REPORTS,
    Stream.SWEEP: built(
        SweepCheckpoint,
        **dict.fromkeys(("start", "end", "missed_before"), TIMES),
        windows_read=st.booleans(),
        **dict.fromkeys(("after", "old_after"), WORDS),
        **dict.fromkeys(("missed", "undated"), COUNTS),
        pending_windows=several(TIMES),
        width=maybe(WIDTHS),
        old_left=maybe(st.integers(-99, 2000)),
    ),
}


def stored(checkpoint: Checkpoint) -> Any:
    """As Postgres gives it back."""
    return json.loads(json.dumps(checkpoint.as_json()))
