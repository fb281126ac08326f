"""What should be left of a stock item: its last reading less the sales that the reading cannot hold yet. Pure, and computed anew each time.

Which sales a reading holds is told by the time for an SKU. For a listing eBay counts: `quantitySold`. Its rise since the first reading
covers the known lines, oldest first; what is beyond is open. Where eBay took stock for which no order is known yet (purchases that are
paid together later), the surplus covers the next lines. Where the count fell, it begins anew.

A cancelled line may be in eBay's count or, given back, not. So lines that the reading must hold (not cancelled, and older than eBay's
index is late) are covered before those that it may hold.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.changes.dates import read_time
from domain.changes.model import Document, Kind
from domain.changes.normal import normal, text
from domain.changes.sales import bought
from domain.waits import EBAYS

UNSURE = timedelta(seconds=2)  # eBay dates answers to the second, and one of its machines need not agree with another
WHOLE = ""  # the key of a listing without variations

Counts = Mapping[str, Document]
"""By variation (`key_of`): {"sold": quantitySold from where on it is followed, "at": since when, "last": that of the last reading}."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A known line of an order."""

    order_id: str
    line_item_id: str
    sku: str | None
    aspects: tuple[tuple[str, str], ...]
    quantity: int
    sold_at: datetime  # UTC
    cancelled: bool  # its order is


def expected(
    document: Document, as_of: datetime, counts: Counts | None, sales: Sequence[Sale], lag: timedelta = EBAYS.index_lag
) -> Document | None:
    """
    Args:
        document: the stored item of the Inventory API, or listing.
        as_of: UTC; the time of eBay's answer that showed it so.
        counts: of a listing, as `counted` made them; None: of none, or of one that was last read by an older version.
        sales: of this SKU, or of this listing.
        lag: so long after a sale a listing may still be shown as before it.
    Returns:
        `{"available", "sales": [{"orderId", "lineItemId", "quantity"}], "variations": [{"sku", "specifics", "available"}]}`, figures None
        where eBay's own is none; None where nothing is open, or where it is not known what is.
    """
    rows = document.get("variations")
    variations = [row for row in rows if type(row) is dict] if type(rows) is list else []
    if not variations:
        left = _open(document, (counts or {}).get(WHOLE), as_of, sales, lag)
        return _figures(_less(_available(document), left), left, []) if left else None
    by_index: dict[int, list[Sale]] = {}
    for sale in sales:
        index = bought(variations, sale.sku, sale.aspects)
        if index is not None:
            by_index.setdefault(index, []).append(sale)
        elif sale.sold_at > as_of + UNSURE and not sale.cancelled:
            return None  # of a variation that no reading showed
    opened = {
        index: _open(variations[index], (counts or {}).get(key_of(variations[index])), as_of, own, lag) for index, own in by_index.items()
    }
    if not any(opened.values()):
        return None
    figures = [_less(_available(row), opened.get(index, [])) for index, row in enumerate(variations)]
    whole = _available(document)
    known = all(figure is not None for figure in figures)
    sum_ = sum(figure or 0 for figure in figures) if known else _less(whole, [one for left in opened.values() for one in left])
    each = [
        {"sku": row.get("sku"), "specifics": row.get("specifics"), "available": figure}
        for row, figure in zip(variations, figures, strict=True)
    ]
    return _figures(sum_, [one for left in opened.values() for one in left], each)


def counted(
    document: Document, counts: Counts | None, read_at: datetime, sales: Sequence[Sale], lag: timedelta = EBAYS.index_lag
) -> Document:
    """The counts after a reading of a listing.

    The first reading says from where eBay's count is followed. Was something sold just before it, it may be in that count or not; then a
    later reading, before which nothing was, takes its place. Where a reading holds all that is known and nothing else, the count goes on
    behind the last of these sales, so that what has to be looked at stays little.

    Args:
        sales: of this listing, since some minutes before the first reading.
        lag: as for `expected`.
    """
    after: dict[str, Any] = dict(counts or {})
    rows = document.get("variations")
    variations = rows if type(rows) is list else []
    quiet = not near(read_at, [sale.sold_at for sale in sales], lag)
    for index, row in enumerate(variations or [document]):
        count = row.get("quantitySold") if type(row) is dict else None
        if type(count) is not int:
            continue
        own = [sale for sale in sales if not variations or bought(variations, sale.sku, sale.aspects) == index]
        key = key_of(row) if variations else WHOLE
        old = after.get(key)
        began = read_time(old["at"]) if old else None
        if old is None or began is None or count < old["last"]:
            after[key] = {"sold": count, "at": read_at.isoformat(), "last": count}
        elif quiet and (last := _all_held(own, began, count - old["sold"])):
            after[key] = {"sold": count, "at": (last - UNSURE).isoformat(), "last": count, "sure": True}
        elif quiet and not old.get("sure") and near(began, [sale.sold_at for sale in own], lag):
            after[key] = {"sold": count, "at": read_at.isoformat(), "last": count}
        else:
            after[key] = {**old, "last": count}
    return after


def _all_held(sales: Sequence[Sale], began: datetime, rise: int) -> datetime | None:
    """When the last of the known sales was, if eBay's count holds them all and nothing else; None: it does not, or there are none."""
    since = [sale for sale in sales if sale.sold_at > began + UNSURE]
    held = (sum(sale.quantity for sale in since), sum(sale.quantity for sale in since if not sale.cancelled))
    return max((sale.sold_at for sale in since), default=None) if rise in held else None


def near(reading: datetime, sold_at: Iterable[datetime], lag: timedelta = EBAYS.index_lag) -> bool:
    """Whether something was sold so shortly before a reading that it may show it or not."""
    return any(reading - lag < at <= reading + UNSURE for at in sold_at)


def key_of(variation: Document) -> str:
    """By specifics, which are unique within a listing, else by SKU."""
    specifics, sku = variation.get("specifics"), variation.get("sku")
    if type(specifics) is dict and specifics:
        return text(normal(Kind.INVENTORY, specifics))
    return f"sku:{sku}" if type(sku) is str and sku else WHOLE


def _open(row: Document, count: Document | None, as_of: datetime, sales: Sequence[Sale], lag: timedelta) -> list[tuple[Sale, int]]:
    """The sales that the reading does not hold, oldest first, each with the pieces that are open."""
    began, sold = (read_time(count["at"]), row.get("quantitySold")) if count else (None, None)
    if count is None or began is None or type(sold) is not int:
        left: Iterable[tuple[Sale, int]] = ((sale, sale.quantity) for sale in sales if sale.sold_at > as_of + UNSURE)
    else:
        left = _beyond([sale for sale in sales if sale.sold_at > began + UNSURE], sold - count["sold"], as_of - lag)
    return sorted(((sale, pieces) for sale, pieces in left if not sale.cancelled), key=lambda one: (one[0].sold_at, one[0].line_item_id))


def _beyond(sales: Iterable[Sale], rise: int, held_until: datetime) -> Iterator[tuple[Sale, int]]:
    def by_time(sale: Sale) -> tuple[bool, datetime, str]:
        return sale.cancelled or sale.sold_at > held_until, sale.sold_at, sale.line_item_id

    for sale in sorted(sales, key=by_time):
        covered = min(max(rise, 0), sale.quantity)
        rise -= covered
        if covered < sale.quantity:
            yield sale, sale.quantity - covered


def _less(available: int | None, left: Iterable[tuple[Sale, int]]) -> int | None:
    sum_ = sum(pieces for _, pieces in left)
    return None if available is None else max(available - sum_, 0) if sum_ else available


def _figures(available: int | None, left: Iterable[tuple[Sale, int]], variations: list[Document]) -> Document:
    rows = sorted(left, key=lambda one: (one[0].sold_at, one[0].line_item_id))
    sales = [{"orderId": sale.order_id, "lineItemId": sale.line_item_id, "quantity": pieces} for sale, pieces in rows]
    return {"available": available, "sales": sales, "variations": variations}


def _available(row: Document) -> int | None:
    """Of a listing or variation its `available`, of an item of the Inventory API what it can ship."""
    value: Any = row.get("available")
    if "availability" in row:
        value = row
        for name in ("availability", "shipToLocationAvailability", "quantity"):
            value = value.get(name) if type(value) is dict else None
    return value if type(value) is int else None
