"""A stock item for people, at 80 columns: what eBay showed last and when, and below it what is expected to be left by now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from console.events import figure, inside

WIDTH = 80
INDENT = " " * 4
MOST = 3  # orders and variations that are named; --json has all


def stock_lines(row: Mapping[str, Any]) -> Iterator[str]:
    """The last reading in one line, which ends with its time, its source and what is special; then `expected`, where it is there.

    Args:
        row: of `Store.snapshot`; a document that was never stored may lack id, version and source.
    """
    special = "removed" if row["removed_at"] else ""
    if row["set_aside"]:
        special = f"set aside: {row['set_aside']}"
    figure_text = figure(row["data"]) if row["version"] else "not stored"
    entity, time = _printable(row["entity_id"] or "-"), row["as_of"]
    yield f"{entity:<20} {figure_text:<14} last read {time}  {row['read_from'] or '-':<7} {_printable(special)}".rstrip()
    if row["expected"]:
        for words in (_whole(row["expected"]), *_variations(row)):
            yield from wrap(_printable(words), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT * 2, break_on_hyphens=False)


def _whole(expected: Mapping[str, Any]) -> str:
    left = expected["available"]
    pieces = sum(sale["quantity"] for sale in expected["sales"])
    orders = list(dict.fromkeys(sale["orderId"] for sale in expected["sales"]))
    named = f"order{'s' if len(orders) > 1 else ''} {_some(orders)}"
    return f"expected: {'not known, as eBay gave no figure' if left is None else left}; {pieces} sold since that reading ({named})"


def _variations(row: Mapping[str, Any]) -> list[str]:
    """Of a listing, the variations of which something was sold since."""
    read = inside(row["data"], "variations")
    pairs = zip(read, row["expected"]["variations"], strict=False) if isinstance(read, list) else ()
    moved = [(inside(before, "available"), now) for before, now in pairs if inside(before, "available") != now["available"]]
    lines = [f"expected of {_name(now)}: {now['available']}, last read {before}" for before, now in moved[:MOST]]
    return lines + ([f"and of {len(moved) - MOST} more variations: see --json"] if len(moved) > MOST else [])


def _name(variation: Mapping[str, Any]) -> str:
    specifics = variation["specifics"]
    if isinstance(specifics, Mapping) and specifics:
        return ", ".join(f"{name} {value}" for name, value in specifics.items())
    return f"SKU {variation['sku']}" if variation["sku"] else "a variation without a name"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def _printable(text: str) -> str:
    """What eBay sent may hold anything, such as what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
