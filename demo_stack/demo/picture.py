"""What the view shows at one moment. Pure: no database, no terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

LATE = timedelta(seconds=20)  # more than a killed worker's steps need to be taken up by the next one
STREAM_OF = {"order": "orders", "fulfillment": "fulfillment", "inventory": "inventory"}  # the first word of an event's type
SOLD = "inventory.sold"  # a fact of an order: its data is no stock document
LISTING = "listing:"  # before an item id: a listing that the Inventory API does not see
DAILY = ("sweep", "report", "offers")  # rows of their own only while they are read
RESTS = timedelta(minutes=5)
UNUSED = ("looked at once a day", "not read: ")  # of `why`: the seller has no such stock, or does not want them read


@dataclass(frozen=True)
class Row:
    """One stream of one seller."""

    seller: str
    stream: str
    state: str  # the seller's, or what hinders this stream
    last_poll: datetime | None  # UTC
    next_poll: datetime | None
    why: str
    changes: int  # recorded in this run
    calls: int  # made in this run


@dataclass(frozen=True)
class News:
    """A change event without its data: names of fields only, or what was sold; no buyer."""

    at: datetime  # detected
    seller: str
    type: str
    entity: str
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """What happened to one stock: `what` is "12 -> 11", "new: 5", "gone", "sold 2", or which fields changed."""

    at: datetime  # detected
    entity: str
    what: str
    out: bool = False  # nothing is left


@dataclass(frozen=True)
class Counts:
    """What a seller has now."""

    skus: int = 0  # of the Inventory API
    listings: int = 0  # that it does not see
    on_sale: int = 0  # pieces
    sold_out: int = 0  # SKUs and listings
    open_orders: int = 0
    parcels: int = 0


@dataclass(frozen=True)
class SellerStock:
    """A seller's stock and parcels."""

    seller: str
    counts: Counts
    latest: Move | None = None  # in this run
    out: Move | None = None  # the latest of which nothing was left


@dataclass(frozen=True)
class Picture:
    at: datetime  # UTC
    rows: tuple[Row, ...] = ()
    news: tuple[News, ...] = ()  # newest first
    changes: int = 0  # in this run
    calls: int = 0
    problem: str | None = None  # why this is not of this moment
    restarts: int = 0  # of the worker
    stocks: tuple[SellerStock, ...] = ()
    delivered: str = ""  # to the receiver of the demo, in this run, in words

    def stock_in_words(self) -> str:
        """Of all sellers together, in words."""
        counts = [stock.counts for stock in self.stocks]
        skus, listings, out, parcels = (sum(getattr(one, name) for one in counts) for name in ("skus", "listings", "sold_out", "parcels"))
        return f"{skus:,} SKUs, {listings:,} listings, {out:,} sold out; {parcels:,} parcels"

    @property
    def states(self) -> dict[str, str]:
        """The state of each seller, by its worst stream."""
        found: dict[str, str] = {}
        for row in self.rows:
            if row.state != "polling" or row.seller not in found:
                found[row.seller] = row.state
        return found


@dataclass(frozen=True)
class Frame:
    """What does not change while the demo runs."""

    title: str
    links: tuple[tuple[str, str], ...]  # what, where
    hints: tuple[tuple[str, str], ...]  # command, what it shows
    ends_at: datetime | None  # None: at Ctrl-C
    keys: bool = True  # somebody can press one


def rows_of(
    seller: Mapping[str, Any], changes: Mapping[tuple[str, str], int], calls: Mapping[tuple[str, str], int], now: datetime, began: datetime
) -> list[Row]:
    """A seller as `store.status` gives it. The backfill is no row of its own: it shows as the state of the orders until it is through.
    Nor is what is read once a day, while it rests.

    A poll that was due a while ago is late: no worker, no Temporal, or a workflow that cannot go on. Postgres alone would not show it.
    `began`: the start of this run; what was due before could not be polled.
    """
    name, streams = seller["seller_id"], seller["streams"]
    backfill = bool(streams.get("backfill", {}).get("reading"))
    awake = seller["state"] not in ("paused", "removed", "needs_reauthorization")
    rows = []
    for stream, status in streams.items():
        if stream == "backfill":
            continue
        state, next_poll = seller["state"], _time(status["next_poll_at"]) if awake else None
        if state == "polling" and status["failures"]:
            state = "failing"
        elif state == "polling" and backfill and stream == "orders":
            state = "backfill"
        elif state == "polling" and next_poll and now - max(next_poll, began) > LATE:
            state = "late"
        if state == "polling" and _rests(stream, status, next_poll, now):
            continue
        extra = calls.get((name, "backfill"), 0) if stream == "orders" else 0
        rows.append(
            Row(
                seller=name,
                stream=stream,
                state=state,
                last_poll=_time(status["last_poll_at"]),
                next_poll=next_poll,
                why=_why(seller, status, awake),
                changes=changes.get((name, stream), 0),
                calls=calls.get((name, stream), 0) + extra,
            )
        )
    return rows


def news_of(event: Mapping[str, Any]) -> News:
    at = _time(event["detected_at"])
    assert at
    changed = (f"{_sold(event)} in {_printable(event['data']['orderId'])}",) if event["type"] == SOLD else event["changed"]
    return News(at, event["seller_id"] or "-", event["type"], _printable(event["entity_id"]), tuple(map(_printable, changed)))


def stream_of(event: Mapping[str, Any]) -> str | None:
    """Which stream's poll found it; a sale is found in an order."""
    stream = "orders" if event["type"] == SOLD else STREAM_OF.get(event["type"].partition(".")[0])
    return "listings" if stream == "inventory" and event["entity_id"].startswith(LISTING) else stream


def move_of(event: Mapping[str, Any]) -> Move | None:
    """What an event says of a stock; None: it is about something else, or about what was there before we looked."""
    kind, _, what = event["type"].partition(".")
    if kind != "inventory" or (what == "created" and event["source"] == "backfill"):
        return None
    at, now = _time(event["detected_at"]), _count(event["data"])
    assert at
    entity = _printable(event["entity_id"].removeprefix(LISTING))
    if event["type"] == SOLD:
        return Move(at, entity, _sold(event))
    before = _count({**event["data"], **event["previous"]})
    if what in ("created", "removed"):
        words = "gone" if what == "removed" else "new" if now is None else f"new: {now:,}"
    elif now is None or before is None or now == before:
        words = ", ".join(map(_printable, event["changed"]))
    else:
        words = f"{before:,} -> {now:,}"
    return Move(at, entity, words, out=what == "out_of_stock")


def ago(span: timedelta | None) -> str:
    """A short width for a column: "0.4 s", "42 s", "4m10s", "3h05m", "2d04h"; "-" for none."""
    if span is None:
        return "-"
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02}h"


def due_in(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return "-"
    return "now" if moment <= now else ago(moment - now)


def clock(left: timedelta) -> str:
    """Minutes and seconds: "0:42"."""
    seconds = max(round(left.total_seconds()), 0)
    return f"{seconds // 60}:{seconds % 60:02}"


def many(counts: Sequence[tuple[int, str]]) -> str:
    """`[(2, "polling"), (1, "paused")]` as "2 polling, 1 paused"."""
    return ", ".join(f"{count:,} {word}" for count, word in counts)


def _rests(stream: str, status: Mapping[str, Any], next_poll: datetime | None, now: datetime) -> bool:
    if stream in DAILY:
        return next_poll is None or next_poll - now > RESTS
    return any(words in (status["why"] or "") for words in UNUSED)


def _sold(event: Mapping[str, Any]) -> str:
    pieces = event["data"]["quantity"]  # None where eBay does not say how many
    return "sold" if pieces is None else f"sold {pieces:,}"


def _count(document: Mapping[str, Any]) -> int | None:
    """How many are on sale, of a listing or of a SKU."""
    count = document.get("available")
    if count is None:
        level = document.get("availability")
        level = level.get("shipToLocationAvailability") if isinstance(level, dict) else None
        count = level.get("quantity") if isinstance(level, dict) else None
    return count if type(count) is int else None


def _why(seller: Mapping[str, Any], status: Mapping[str, Any], awake: bool) -> str:
    if not awake or seller["state"] in ("waiting_for_quota", "ebay_down", "stalled"):
        return str(seller["reason"] or "")
    if status["failures"]:
        return f"failed {status['failures']}x: {status['last_error']}"
    return str(status["why"] or "first poll")


def _printable(text: str) -> str:
    """What eBay sent may hold anything, such as what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
