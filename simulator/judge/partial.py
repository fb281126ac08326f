"""When a listing's document says what the ledger says, though eBay showed something odd in its place. Pure.

A quantity that is missing, negative or no number is nothing that anybody could store: who sets such a listing aside is right.
A title or a price that is missing, or empty, is no change, as a listing on sale has both: who keeps one that eBay showed before is right,
and who drops it too.
"""

from collections.abc import Collection
from typing import Any

from simulator.judge.normal import digest
from simulator.ledger import Document, dumps
from simulator.state.listings import ENTITY

COUNTS = "available", "quantity", "quantitySold"
RETAINED = "title", "price"
MOST = 1 << 53


def is_listing(kind: str, entity_id: object) -> bool:
    """By its id: eBay's listings are entities of the inventory."""
    return kind == "inventory" and isinstance(entity_id, str) and entity_id.startswith(ENTITY)


def is_on_sale(document: Any) -> bool:
    """Of a removed listing: it goes on, as one of SKUs of the Inventory API, which say so from the moment they are there."""
    return isinstance(document, dict) and document.get("status") == "Active"


def unusable(document: Any) -> bool:
    """Whether a figure of a listing is none."""
    if not isinstance(document, dict):
        return True
    rows = document.get("variations")
    return not all(isinstance(row, dict) and _fine(row) for row in (rows if isinstance(rows, list) and rows else [document]))


def _fine(row: Document) -> bool:
    return all(type(row.get(name)) is int and 0 <= row[name] < MOST for name in COUNTS)


def titles_and_prices(document: Any) -> frozenset[str]:
    """Every price in a listing, and its title."""
    named = [document["title"]] if isinstance(document, dict) and document.get("title") else []
    return frozenset(map(dumps, [*named, *(row["price"] for row in _rows(document) if row.get("price") is not None)]))


def without_retained(document: Any, true: Any, known: Collection[str]) -> Any:
    """A document without title and prices that the true one lacks, where they are known ones; the same object where there are none."""
    mine, theirs = _rows(document), _rows(true)
    if len(mine) != len(theirs):
        return document
    rows = [_less(one, real, known) for one, real in zip(mine, theirs, strict=True)]
    if all(row is one for row, one in zip(rows, mine, strict=True)):
        return document
    return {**rows[0], "variations": rows[1:]} if len(rows) > 1 else rows[0]


def _less(one: Document, real: Document, known: Collection[str]) -> Document:
    retained = {name for name in RETAINED if one.get(name) and not real.get(name) and dumps(one[name]) in known}
    return {name: value for name, value in one.items() if name not in retained} if retained else one


def _rows(document: Any) -> list[Document]:
    """The listing itself, then its variations."""
    if not isinstance(document, dict):
        return []
    rows = document.get("variations")
    return [document, *(row for row in rows if isinstance(row, dict))] if isinstance(rows, list) else [document]


def same_thing(document: Any, true: Document) -> bool:
    """Whether both say the same but for the figures."""
    return isinstance(document, dict) and _without_counts(document) == _without_counts(true)


def _without_counts(document: Document) -> bytes:
    left = {name: value for name, value in document.items() if name not in COUNTS}
    if isinstance(rows := left.get("variations"), list):
        left["variations"] = [
            {name: value for name, value in row.items() if name not in COUNTS} if isinstance(row, dict) else row for row in rows
        ]
    return digest("inventory", left)
