"""What is kept of a stored order when eBay's newer answer has it no more, though it did not change."""

from collections import defaultdict
from collections.abc import Set
from datetime import datetime, timedelta
from typing import Any

from domain.changes.dates import read_time
from domain.changes.deep import DEEPEST
from domain.changes.model import Document
from domain.changes.normal import is_empty

PERSONAL = frozenset({"fullName", "addressLine1", "addressLine2", "email", "primaryPhone", "giftDetails"})
"""Absent from every answer once an order is 90 days old (eBay docs: getOrders)."""

FORGOTTEN_AFTER = timedelta(days=89)  # a day early: eBay does not say at which hour the 90 days end

MAIL = frozenset({"email"})
"""Absent from every answer once an order is 14 days old, wherever it stands (eBay docs: ExtendedContact)."""

MAIL_FORGOTTEN_AFTER = timedelta(days=13, hours=12)  # half a day early, for the same reason

SINGLE_READS = (("cancelStatus", "cancelRequests"), ("buyer", "taxIdentifier"))
"""Filled by getOrder alone; every list answer has them empty (eBay docs: getOrder)."""


def keep_from_stored(old: Document, new: Document, now: datetime) -> Document:
    """`new` with what must outlive it from `old`; `new` itself when that is nothing. Neither is touched."""
    for outer, inner in SINGLE_READS:
        new = _keep_single_read(old, new, outer, inner)
    created = _placed(new, now) or _placed(old, now)
    if forgotten := _forgotten(now - created) if created else PERSONAL:  # of an order without a date nobody can tell why they vanished
        filled: Document = _keep_personal("", old, new, forgotten, inside=False, depth=0)
        return filled
    return new


def _placed(order: Document, now: datetime) -> datetime | None:
    """When it was placed; a date that is yet to come tells no age."""
    created = read_time(order.get("creationDate"))
    return created if created and created <= now else None


def _forgotten(age: timedelta) -> Set[str]:
    """What eBay shows no more of an order of that age."""
    if age >= FORGOTTEN_AFTER:
        return PERSONAL
    return MAIL if age >= MAIL_FORGOTTEN_AFTER else frozenset()


def _keep_single_read(old: Document, new: Document, outer: str, inner: str) -> Document:
    was, is_now = old.get(outer), new.get(outer)
    if type(was) is not dict or is_empty(was.get(inner)):
        return new
    if type(is_now) is not dict:
        if not is_empty(is_now):
            return new  # no object any more: as eBay says
        is_now = {}
    return {**new, outer: {**is_now, inner: was[inner]}} if is_empty(is_now.get(inner)) else new


def _keep_personal(name: str, was: Any, is_now: Any, forgotten: Set[str], inside: bool, depth: int) -> Any:
    """The value of a field; `is_now` itself when there is nothing to keep. `inside`: it stands inside a forgotten field."""
    inside = inside or name in forgotten
    if depth > DEEPEST:
        return is_now
    if type(was) is dict and (type(is_now) is dict or is_empty(is_now)):
        now = is_now if type(is_now) is dict else {}
        fields = {inner: _keep_personal(inner, value, now.get(inner), forgotten, inside, depth + 1) for inner, value in was.items()}
        filled = {inner: value for inner, value in fields.items() if value is not now.get(inner)}
        return {**now, **filled} if filled else is_now
    if type(was) is list and type(is_now) is list and is_now and not inside:
        rows = [_keep_personal("", old, new, forgotten, False, depth + 1) for old, new in _paired(name, was, is_now)]
        return rows if any(row is not new for row, new in zip(rows, is_now, strict=True)) else is_now
    return was if inside and is_empty(is_now) and not is_empty(was) else is_now


def _paired(name: str, old: list[Any], new: list[Any]) -> list[tuple[Any, Any]]:
    """Each new row with its old one: line items by their id, other rows by their place; with None where there is no such row."""
    if name != "lineItems":
        return list(zip(old, new, strict=True)) if len(old) == len(new) else [(None, row) for row in new]
    waiting = defaultdict(list)
    for row in reversed(old):
        waiting[_line_item_id(row)].append(row)
    return [(same.pop() if (same := waiting[_line_item_id(row)]) else None, row) for row in new]


def _line_item_id(row: Any) -> str | None:
    value = row.get("lineItemId") if type(row) is dict else None
    return value if type(value) is str else None
