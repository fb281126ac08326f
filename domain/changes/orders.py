"""What a reading of orders changed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.changes.compare import changed_fields
from domain.changes.dates import modified_at, read_time
from domain.changes.keep import keep_from_stored
from domain.changes.model import Change, Detection, Document, Kind, Stored
from domain.changes.normal import last_segment, text

CANCELED = "CANCELED"
CLOSED = "FULFILLED"  # orderFulfillmentStatus of an order that gets no more parcels; eBay adds values unannounced, and those may be open
REFUNDED = {"PARTIALLY_REFUNDED": 1, "FULLY_REFUNDED": 2}  # an order's payment status: how far it is refunded
DONE, NOT_DONE = "REFUNDED", ("PENDING", "FAILED")  # a refund's own status


def entity_id(document: Any) -> str | None:
    """The `orderId`; None for what cannot be kept as an order."""
    value = document.get("orderId") if type(document) is dict else None
    return value if type(value) is str and value else None


def is_open(order: Document) -> bool:
    """Whether parcels of it may still come: it is neither wholly sent nor cancelled, be it sent in part before."""
    return order.get("orderFulfillmentStatus") != CLOSED and _cancel_state(order) != CANCELED


def detect_orders(fetched: Sequence[Document], stored: Mapping[str, Stored], now: datetime) -> Detection:
    """Compare orders as eBay gave them with the stored ones, by `orderId`.

    An order older than the stored one is a stale replica's answer and ignored. Of an order given twice the one with the newest
    `lastModifiedDate` counts. A date that cannot be counts as none: such an order is compared by its content alone.

    Args:
        fetched: orders that have an `entity_id`.
        now: eBay's clock; the age of personal fields is counted from it, and it stands in for a date of eBay's that cannot be read.
    """
    changes: list[Change] = []
    refreshed: dict[str, Document] = {}
    newest, duplicates, stale = _newest(fetched, now)
    for order_id, order in newest.items():
        known = stored.get(order_id)
        if known is None or known.removed:
            changes.append(_created(order_id, order, known, now))
            continue
        modified = modified_at(order, now)
        if modified and known.modified_at and modified < known.modified_at:
            stale += 1
            continue
        if known.data is not None:
            order = keep_from_stored(known.data, order, now)
            if changed := changed_fields(Kind.ORDER, known.data, order):
                changes.append(_updated(known, known.data, order, changed, modified or now))
                continue
        duplicates += 1
        if modified != known.modified_at:
            refreshed[order_id] = order
    return Detection(changes, refreshed, duplicates, stale)


def _newest(fetched: Sequence[Document], now: datetime) -> tuple[dict[str, Document], int, int]:
    """The newest copy of each order, the last one of equals; how many others were as new, and how many were older."""
    newest: dict[str, Document] = {}
    equal = older = 0
    for order in fetched:
        order_id = order["orderId"]
        other = newest.setdefault(order_id, order)
        if other is order:
            continue
        this, that = modified_at(order, now), modified_at(other, now)
        if this == that:
            equal += 1
        else:
            older += 1
        if that is None or (this is not None and this >= that):
            newest[order_id] = order
    return newest, equal, older


def _created(order_id: str, order: Document, known: Stored | None, now: datetime) -> Change:
    return Change(
        Kind.ORDER,
        order_id,
        known.version + 1 if known else 1,
        ("order.created",),
        order,
        changed=(),
        previous={},
        occurred_at=read_time(order.get("creationDate")) or now,
        parcels_due=bool(_hrefs(order)),
    )


def _updated(known: Stored, old: Document, new: Document, changed: tuple[str, ...], occurred_at: datetime) -> Change:
    return Change(
        Kind.ORDER,
        known.entity_id,
        known.version + 1,
        tuple(_types(old, new)),
        new,
        changed,
        previous={name: old.get(name) for name in changed},
        occurred_at=occurred_at,
        parcels_due=_hrefs(old) != _hrefs(new) or _line_states(old) != _line_states(new),
    )


def _types(old: Document, new: Document) -> Iterator[str]:
    yield "order.updated"
    if _cancel_state(new) == CANCELED != _cancel_state(old):
        yield "order.cancelled"
    unnamed = all(_own_word(refund) is None for refund in _refunds(new))  # then the payment status has the last word
    if _refunds_done(new) > _refunds_done(old) or (unnamed and _how_far(new) > _how_far(old)):
        yield "order.refunded"


def _cancel_state(order: Document) -> Any:
    return _field(order.get("cancelStatus"), "cancelState")


def _refunds(order: Document) -> list[Any]:
    """eBay lists a refund at the order or at a line, never at both."""
    holders = [_field(order.get("paymentSummary"), "refunds"), *(_field(line, "refunds") for line in _rows(order.get("lineItems")))]
    return [refund for holder in holders for refund in _rows(holder)]


def _refunds_done(order: Document) -> int:
    """How many refunds eBay says are done.

    An order's refund has a status; a line's has none, but a date once it is issued. Without both the order's payment status tells, and it
    alone where no refund is listed.
    """
    refunds, how_far = _refunds(order), _how_far(order)
    if not refunds:
        return how_far
    return sum(1 for refund in refunds if _is_done(refund, how_far > 0))


def _is_done(refund: Any, paid_back: bool) -> bool:
    own = _own_word(refund)
    return paid_back if own is None else own


def _own_word(refund: Any) -> bool | None:
    """Whether the refund itself says that it is done; None: it says nothing."""
    status = _field(refund, "refundStatus")
    if status == DONE or status in NOT_DONE:
        return bool(status == DONE)
    return True if read_time(_field(refund, "refundDate")) else None


def _how_far(order: Document) -> int:
    """By its payment status: 1 for refunded in part, 2 for in full."""
    payment = order.get("orderPaymentStatus")
    return REFUNDED.get(payment, 0) if type(payment) is str else 0


def _hrefs(order: Document) -> list[str]:
    """Parcels without tracking can share an href: each counts. The host in front of it says nothing."""
    return sorted(last_segment(href) if type(href) is str else text(href) for href in _rows(order.get("fulfillmentHrefs")))


def _line_states(order: Document) -> list[str]:
    fields = ("lineItemId", "lineItemFulfillmentStatus", "quantity")
    return sorted(text([_field(line, name) for name in fields]) for line in _rows(order.get("lineItems")))


def _field(value: Any, name: str) -> Any:
    return value.get(name) if type(value) is dict else None


def _rows(value: Any) -> list[Any]:
    return value if type(value) is list else []
