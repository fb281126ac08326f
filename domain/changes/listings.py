"""What a reading of listings changed. A listing is one entity with its variations inside (`ebay/listings.py` has the shape).

Readings differ in how much they tell. A document with a `status` is a whole listing; one without is a part of one, a row of the daily
report. What a part lacks keeps its stored value, and of a whole one it is only a SKU that can be gone: eBay lets no listing lose its title,
its price, its counts or all its variations, so their absence means that this reading did not show them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.changes.compare import changed_fields
from domain.changes.inventory import gone
from domain.changes.model import Change, Detection, Document, Kind, Stored
from domain.changes.normal import normal, text

__all__ = ["detect_listings", "differs", "entity_id", "gone"]

ACTIVE = "Active"


def entity_id(listing: Any) -> str | None:
    """`listing:ITEMID`; None for what cannot be kept as a listing."""
    value = listing.get("itemId") if type(listing) is dict else None
    return f"listing:{value}" if type(value) is str and value else None


def detect_listings(fetched: Sequence[Document], stored: Mapping[str, Stored], now: datetime) -> Detection:
    """Compare listings, whole ones or parts, with the stored ones, by `entity_id`.

    Args:
        fetched: listings that have an `entity_id`; one that is given twice counts once, with what the later one says.
        now: UTC, the time of eBay's answer.
    """
    newest: dict[str, Document] = {}
    for listing in fetched:
        own = entity_id(listing)
        if own is None:
            raise ValueError("a listing without an item id has to be set aside")
        newest[own] = merged(newest[own], listing) if own in newest else listing
    changes: list[Change] = []
    duplicates = len(fetched) - len(newest)
    for own, listing in newest.items():
        known = stored.get(own)
        if known is None or known.removed:
            version = known.version + 1 if known else 1
            document = merged(known.data, listing) if known and known.data else listing
            changes.append(Change(Kind.INVENTORY, own, version, ("inventory.created",), document, (), {}, now))
        elif known.data is None:
            duplicates += 1
        else:
            listing = merged(known.data, listing)
            if changed := changed_fields(Kind.INVENTORY, known.data, listing):
                previous = {name: known.data.get(name) for name in changed}
                types = tuple(_types(known.data, listing))
                changes.append(Change(Kind.INVENTORY, own, known.version + 1, types, listing, changed, previous, now))
            else:
                duplicates += 1
    return Detection(changes, {}, duplicates, stale=0)


def differs(row: Document, stored: Document) -> bool:
    """Whether a row of the report of active listings says anything else than the stored listing: then the listing is to be read.

    It says too that the listing is active, and that no other variations have stock than those in it.
    """
    if stored.get("status") not in (ACTIVE, None) or changed_fields(Kind.INVENTORY, stored, merged(stored, row)):
        return True
    rows = _variations(row)
    if not rows:
        return False
    old = _Variations(stored)
    indexes = [old.index(one) for one in rows]
    silent = (one for index, one in enumerate(old.all) if index not in indexes)
    return None in indexes or any(type(count := one.get("available")) is int and count > 0 for one in silent)


def merged(old: Document, new: Document) -> Document:
    """`new` with what it does not tell from `old`. Neither is touched."""
    whole = "status" in new
    result = _filled(old, new, whole)
    if type(rows := new.get("variations")) is list and type(old.get("variations")) is list:
        known = _Variations(old)
        result["variations"] = _instead(known, rows) if whole else _with(known, rows)
    return result


def _instead(known: "_Variations", rows: list[Any]) -> list[Any]:
    """The rows, each with what it lacks of the one known variation that only it can be."""
    mine = _Variations({"variations": rows})
    indexes = Counter(known.index(one) for one in mine.all)
    result = []
    for one in rows:
        if type(one) is dict and mine.index(one) is not None and indexes[known.index(one)] == 1:
            one = _filled(known.alike(one), one, whole=True)
        result.append(one)
    return result


def _with(known: "_Variations", rows: list[Any]) -> list[Any]:
    """The known variations with what the rows say of them, and those that are new. A row that may be several of them says nothing."""
    result = list(known.all)
    for one in rows:
        if type(one) is not dict:
            continue
        index = known.index(one)
        if index is not None:
            result[index] = _filled(result[index], one, whole=False)
        elif not known.candidates(one):
            result.append(one)
    return result


def _filled(old: Document, new: Document, whole: bool) -> Document:
    return {**{name: value for name, value in old.items() if name not in new and not (whole and name == "sku")}, **new}


class _Variations:
    """A listing's variations, to be found by specifics, which are unique within a listing, or else by SKU."""

    def __init__(self, listing: Document) -> None:
        self.all = _variations(listing)
        self.by_specifics: dict[str, list[int]] = {}
        self.by_sku: dict[str, list[int]] = {}
        for index, one in enumerate(self.all):
            self.by_specifics.setdefault(_specifics(one), []).append(index)
            self.by_sku.setdefault(_sku(one), []).append(index)

    def candidates(self, one: Document) -> Sequence[int]:
        """The places of those that may be this one: all of them where it has neither specifics nor SKU."""
        specifics, sku = _specifics(one), _sku(one)
        if specifics and specifics in self.by_specifics:
            return self.by_specifics[specifics]
        if sku or specifics:
            return self.by_sku.get(sku, ()) if sku else ()
        return range(len(self.all))

    def index(self, one: Document) -> int | None:
        found = self.candidates(one)
        return found[0] if len(found) == 1 else None

    def alike(self, one: Document) -> Document:
        """The one variation that it must be; {} where that is not sure."""
        index = self.index(one)
        return {} if index is None else self.all[index]


def _sku(one: Document) -> str:
    sku = one.get("sku")
    return sku if type(sku) is str else ""


def _specifics(one: Document) -> str:
    specifics = one.get("specifics")
    return text(normal(Kind.INVENTORY, specifics)) if type(specifics) is dict and specifics else ""


def _variations(listing: Document) -> list[Document]:
    found = listing.get("variations")
    return [one for one in found if type(one) is dict] if type(found) is list else []


def _types(old: Document, new: Document) -> Iterator[str]:
    yield "inventory.updated"
    before = _Variations(old)
    if _fell(old, new) or any(_fell(before.alike(one), one) for one in _variations(new)):
        yield "inventory.out_of_stock"


def _fell(old: Document, new: Document) -> bool:
    before, after = old.get("available"), new.get("available")
    return type(before) is int and type(after) is int and before > 0 >= after
