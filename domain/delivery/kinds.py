"""Which changes an endpoint wants: `*`, `order.*`, `order.created`."""

from __future__ import annotations

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
PATTERNS = ("*", *dict.fromkeys(f"{name.partition('.')[0]}.*" for name in TYPES), *TYPES)


class WrongTypesError(Exception):
    """No such type of change. One line that names it."""


def patterns(texts: Sequence[str]) -> list[str]:
    """The same without doubles, each checked; words separated by commas or spaces count as several. None at all means everything.

    Raises:
        WrongTypesError: one that nothing could ever match.
    """
    words = dict.fromkeys(word for text in texts for word in text.replace(",", " ").split())
    for word in words:
        if word not in PATTERNS:
            near = get_close_matches(word, PATTERNS, n=1)
            suggestion = f"did you mean {near[0]}?" if near else "such as order.* or inventory.updated, or * for all"
            raise WrongTypesError(f"{word[:60]!r} is no type of change; {suggestion}")
    return list(words) or ["*"]


def wrong_type(text: str) -> str:
    """What is wrong with a text that names no one type."""
    try:
        patterns([text])
    except WrongTypesError as error:
        return str(error)
    return f"{text[:60]!r} is more than one type; name one, such as order.created"
