"""Which changes an endpoint wants: `*`, `order.*`, `order.created`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

TYPES = (
    *("order.created", "order.updated", "order.cancelled", "order.refunded"),
    *("fulfillment.created", "fulfillment.updated", "fulfillment.removed"),
    *("inventory.created", "inventory.updated", "inventory.out_of_stock", "inventory.removed", "inventory.sold"),
    *("offer.created", "offer.updated", "offer.removed"),
    *("seller.connected", "seller.needs_reauthorization", "seller.reauthorized", "seller.removed"),
    *("alert.opened", "alert.closed"),
)
SHAPE = re.compile(r"[a-z_.*]{1,40}")
PATTERNS = ("*", *dict.fromkeys(f"{name.partition('.')[0]}.*" for name in TYPES), *TYPES)


class WrongTypesError(Exception):
    """No such type of change. One line that names it."""


def patterns(texts: Sequence[str]) -> list[str]:
    """The same without doubles, each checked; words separated by commas or spaces count as several. None at all means everything.

    Raises:
        WrongTypesError: one that nothing could ever match, or only blanks.
    """
    words = dict.fromkeys(word for text in texts for word in text.replace(",", " ").split())
    if texts and not words:  # a slip must not open everything
        raise WrongTypesError("no type is named; such as order.* or inventory.updated, or * for all")
    for word in words:
        if word not in PATTERNS:
            near = get_close_matches(word, PATTERNS, n=1)
            suggestion = f"did you mean {near[0]}?" if near else "such as order.* or inventory.updated, or * for all"
            raise WrongTypesError(f"{named(word)} is no type of change; {suggestion}")
    return list(words) or ["*"]


def named(word: str) -> str:
    """Quoted, where it looks like a type at all: people give what is secret in the wrong place."""
    return repr(word) if len(word) <= 24 or SHAPE.fullmatch(word) else "that"


def wrong_type(text: str) -> str:
    """What is wrong with a text that names no one type."""
    try:
        patterns([text])
    except WrongTypesError as error:
        return str(error)
    return f"{named(text)} is more than one type; name one, such as order.created"
