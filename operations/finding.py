"""An order number, item id or SKU that somebody has in hand: whose it is, across all sellers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from domain.scopes import TOKEN_LIKE
from operations.context import CommandContext
from operations.errors import WrongInputError
from store.reading.finding import EntityFinder, FoundEntity
from store.schema.times import iso

MOST = 50  # rows of one search
LONGEST = 200  # characters; eBay's ids and SKUs have 50 at most
UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # no id holds one, and Postgres takes not every one
KINDS = ("order", "fulfillment", "listing", "inventory", "offer")
WHAT = "an order number, a line item's id, an item id or a SKU, or how it begins"
NOTHING = "nothing is stored under it; letters' case counts, and a SKU of a listing is found once it was sold"


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`rows`: as `find --json` prints them, the exact ones first. `more`: there are others."""

    rows: list[dict[str, Any]]
    more: bool


def checked_text(given: str) -> str:
    """What is to be looked up. Raises WrongInputError, which does not show it: tokens and secrets get typed in the wrong place."""
    sought = given.strip()
    if not sought:
        raise WrongInputError("q", f"write {WHAT}")
    if len(sought) > LONGEST:
        raise WrongInputError("q", f"no id is longer than {LONGEST} characters; write {WHAT}")
    if UNWRITABLE.search(sought):
        raise WrongInputError("q", f"no id holds such a character; write {WHAT}")
    if TOKEN_LIKE.search(sought):
        raise WrongInputError("q", f"that is a token of the API; write {WHAT}")
    return sought


def find(context: CommandContext, given: str) -> SearchResult:
    """All that has this for an id or begins with it, `MOST` at most. Raises WrongInputError."""
    sought = checked_text(given)
    found = sorted(EntityFinder(context.store.engine).find(sought, MOST + 1), key=_place)
    return SearchResult([_row(one) for one in found[:MOST]], len(found) > MOST)


def _place(one: FoundEntity) -> tuple[str, int, float, str, str]:
    """By value, so the exact ones come first; of one value by kind, and of one kind the newest first."""
    return one.value, KINDS.index(one.kind), -one.as_of.timestamp(), one.seller_id, one.entity_id


def _row(one: FoundEntity) -> dict[str, Any]:
    return {
        "seller_id": one.seller_id,
        "kind": one.kind,
        "entity_id": one.entity_id,
        "found_by": one.by,
        "value": one.value,
        "changed_at": iso(one.removed_at or one.as_of),
        "removed": one.removed_at is not None,
        "page": f"/sellers/{one.seller_id}",
    }
