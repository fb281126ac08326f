"""What a reading of one order's shipping fulfillments (parcels) changed.

eBay's `fulfillmentId` is the tracking number, or an arbitrary number such as 999 that parcels without tracking share. It is no identity:
ours is `orderId/fulfillmentId`, and `...#2`, `...#3` for further parcels with the same one, given when we first see them and never reused.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from domain.changes.compare import changed_fields
from domain.changes.dates import read_time
from domain.changes.model import Change, Detection, Document, Kind, Stored
from domain.changes.normal import normal, text

Key = Callable[[Document], Any]


def fulfillment_id(document: Any) -> str | None:
    """eBay's `fulfillmentId`; None for what cannot be kept as a parcel."""
    value = document.get("fulfillmentId") if type(document) is dict else None
    return value if type(value) is str and value else None


def detect_parcels(order_id: str, fetched: Sequence[Document], stored: Sequence[Stored], now: datetime) -> Detection:
    """Compare all parcels that eBay lists for an order with all that the store ever held of it.

    Parcels of equal content are the same one, a removed one that shows up again too (a stale answer had lost it). What is left with
    the same `fulfillmentId` is an update, most alike first. The rest were removed or are new: a corrected tracking number is both.

    Args:
        fetched: parcels that have a `fulfillment_id`; the answer is complete.
        stored: every parcel of the order with its `data`, those removed too, since their ids are taken.
        now: UTC; stands in for a `shippedDate` that cannot be read.
    """
    waiting = sorted(fetched, key=_content)  # eBay promises no order, and numbers must not depend on it
    waiting.sort(key=lambda parcel: read_time(parcel.get("shippedDate")) or now)
    stored = sorted(stored, key=lambda known: known.entity_id)
    alive = [known for known in stored if not known.removed]
    same, waiting, alive = _match(waiting, alive, _content)
    back, waiting, _ = _match(waiting, [known for known in stored if known.removed], _content)
    alike: list[tuple[Document, Stored]] = []
    for key in (_lines, _shipped, _nothing):
        pairs, waiting, alive = _match(waiting, alive, key)
        alike += pairs

    changes = [_change("removed", known.entity_id, known.version, known.data or {}, now) for known in alive]
    changes += [_update(parcel, known, now) for parcel, known in alike]
    changes += [_change("created", known.entity_id, known.version, parcel, now) for parcel, known in back]
    taken = {known.entity_id for known in stored}
    numbers: defaultdict[str, int] = defaultdict(lambda: 1)
    changes += [_change("created", _new_id(order_id, parcel, taken, numbers), 0, parcel, now) for parcel in waiting]
    return Detection(changes, {}, duplicates=len(same), stale=0)


def _match(fetched: list[Document], stored: list[Stored], key: Key) -> tuple[list[tuple[Document, Stored]], list[Document], list[Stored]]:
    """Pair parcels of one `fulfillmentId` that agree in `key`, in their order; the pairs, and what is left of both."""
    by_key: defaultdict[Any, list[Stored]] = defaultdict(list)
    for known in reversed(stored):
        data = known.data or {}
        by_key[fulfillment_id(data), key(data)].append(known)
    pairs, left = [], []
    for parcel in fetched:
        candidates = by_key[fulfillment_id(parcel), key(parcel)]
        if candidates:
            pairs.append((parcel, candidates.pop()))
        else:
            left.append(parcel)
    matched = {known.entity_id for _, known in pairs}
    return pairs, left, [known for known in stored if known.entity_id not in matched]


def _content(parcel: Document) -> str:
    return text(normal(Kind.FULFILLMENT, parcel))


def _lines(parcel: Document) -> str:
    return _content({"lineItems": parcel.get("lineItems")})


def _shipped(parcel: Document) -> datetime | None:
    return read_time(parcel.get("shippedDate"))


def _nothing(parcel: Document) -> None:
    return None


def _update(parcel: Document, known: Stored, now: datetime) -> Change:
    old = known.data or {}
    changed = changed_fields(Kind.FULFILLMENT, old, parcel)
    return _change("updated", known.entity_id, known.version, parcel, now, changed, {name: old.get(name) for name in changed})


def _change(
    what: str,
    entity_id: str,
    version: int,
    data: Document,
    now: datetime,
    changed: tuple[str, ...] = (),
    previous: Document | None = None,
) -> Change:
    return Change(
        Kind.FULFILLMENT,
        entity_id,
        version + 1,
        (f"fulfillment.{what}",),
        data,
        changed,
        previous or {},
        occurred_at=read_time(data.get("shippedDate")) or now,
        removed=what == "removed",
    )


def _new_id(order_id: str, parcel: Document, taken: set[str], numbers: defaultdict[str, int]) -> str:
    """The next free id, which is taken from now on. A tracking number may itself end in "#2"."""
    base = f"{order_id}/{fulfillment_id(parcel)}"
    number = numbers[base]
    while (new := base if number == 1 else f"{base}#{number}") in taken:
        number += 1
    numbers[base] = number + 1
    taken.add(new)
    return new
