"""When a listing's document says what the ledger says, though it does not say all of it. Pure.

The daily report has neither title, status nor what was sold, and of a variation no more than SKU, price and what is available.
A quantity that is missing, negative or no number is nothing that anybody could store: who sets such a listing aside is right.
A title or a price that is missing, or empty, is no change, as a listing on sale has both: who keeps one that eBay showed before is right,
and who drops it too.
"""

from collections.abc import Collection
from typing import Any

from simulator.ledger import Document, dumps
from simulator.listings import ENTITY
from simulator.normal import digest

LACKING, INNER = ("title", "status", "quantity", "quantitySold"), ("specifics", "quantity", "quantitySold")
COUNTS = "available", "quantity", "quantitySold"
KEPT = "title", "price"
MOST = 1 << 53


def is_listing(kind: str, entity_id: object) -> bool:
    return kind == "inventory" and isinstance(entity_id, str) and entity_id.startswith(ENTITY)


def unusable(document: Any) -> bool:
    """Whether a figure of a listing is none."""
    if not isinstance(document, dict):
        return True
    rows = document.get("variations")
    return not all(isinstance(row, dict) and _fine(row) for row in (rows if isinstance(rows, list) and rows else [document]))


def _fine(row: Document) -> bool:
    return all(type(row.get(name)) is int and 0 <= row[name] < MOST for name in COUNTS)


def says(document: Any, true: Document) -> bool:
    """Whether a document says what the true one says, but for what the report lacks."""
    if not isinstance(document, dict):
        return False
    rows = document.get("variations")
    lacking = (*LACKING, "price") if rows else LACKING  # in the report, a price is that of a variation
    top = {name for name in lacking if document.get(name) is None}
    inner = {name for name in INNER if isinstance(rows, list) and all(isinstance(row, dict) and row.get(name) is None for row in rows)}
    return bool(top or inner) and _without(document, top, inner) == _without(true, top, inner)


def told(document: Any) -> frozenset[str]:
    """Every price in a listing, and its title."""
    named = [document["title"]] if isinstance(document, dict) and document.get("title") else []
    return frozenset(map(dumps, [*named, *(row["price"] for row in _rows(document) if row.get("price") is not None)]))


def without_kept(document: Any, true: Any, known: Collection[str]) -> Any:
    """A document without title and prices that the true one lacks, where they are known ones; the same object where there are none."""
    mine, theirs = _rows(document), _rows(true)
    if len(mine) != len(theirs):
        return document
    rows = [_less(one, real, known) for one, real in zip(mine, theirs, strict=True)]
    if all(row is one for row, one in zip(rows, mine, strict=True)):
        return document
    return {**rows[0], "variations": rows[1:]} if len(rows) > 1 else rows[0]


def _less(one: Document, real: Document, known: Collection[str]) -> Document:
    kept = {name for name in KEPT if one.get(name) and not real.get(name) and dumps(one[name]) in known}
    return {name: value for name, value in one.items() if name not in kept} if kept else one


def _rows(document: Any) -> list[Document]:
    """The listing itself, then its variations."""
    if not isinstance(document, dict):
        return []
    rows = document.get("variations")
    return [document, *(row for row in rows if isinstance(row, dict))] if isinstance(rows, list) else [document]


def same_thing(document: Any, true: Document) -> bool:
    """Whether both say the same but for the figures."""
    return isinstance(document, dict) and _without(document, COUNTS, COUNTS) == _without(true, COUNTS, COUNTS)


def sold(document: Any) -> int:
    count = document.get("quantitySold") if isinstance(document, dict) else 0
    return count if type(count) is int else 0


def sold_on_top(before: Any, now: Any) -> bool:
    """Whether `now` is `before` with a sale, or some, on top: more sold, as much less on sale (never below 0), and all else the same.

    Of a listing whose quantity was none, or below 0, only more sold can be told.
    """
    if not isinstance(before, dict) or not isinstance(now, dict) or not same_thing(now, before) or not _moved(before, now):
        return False
    pairs = zip(before.get("variations") or [], now.get("variations") or [], strict=False)
    return all(digest("inventory", old) == digest("inventory", new) or _moved(old, new) for old, new in pairs)


def _moved(before: Document, now: Document) -> bool:
    more, left = sold(now) - sold(before), before.get("available")
    same = before.get("quantity") == now.get("quantity")
    return more > 0 and same and now.get("available") == (max(0, left - more) if isinstance(left, int) and left > 0 else left)


def _without(document: Document, top: Collection[str], inner: Collection[str]) -> bytes:
    left = {name: value for name, value in document.items() if name not in top}
    if inner and isinstance(rows := left.get("variations"), list):
        left["variations"] = [
            {name: value for name, value in row.items() if name not in inner} if isinstance(row, dict) else row for row in rows
        ]
    return digest("inventory", left)
