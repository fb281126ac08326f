"""A seller's last 24 hours, as command line and API give them."""

from __future__ import annotations

from typing import Any

from domain.seller_day import DayBucket, DayKind, SellerDay, span
from operations.context import CommandContext
from store.schema.times import iso


async def day_fields(context: CommandContext, seller_id: str) -> dict[str, Any]:
    """As JSON. Raises UnknownSellerError: never enrolled."""
    return as_fields(seller_id, await context.ask(context.store.seller_day.read, seller_id))


def as_fields(seller_id: str, day: SellerDay) -> dict[str, Any]:
    """The strip in JSON's types: how many of each kind, and the buckets that hold something, oldest first."""
    return {
        "seller_id": seller_id,
        "since": iso(day.since),
        "until": iso(day.until),
        "totals": {kind.value: count for kind, count in day.totals.items()},
        "buckets": [_fields(bucket) for bucket in sorted(day.buckets, key=lambda one: one.at)],
    }


def hours_in_words(day: SellerDay, kinds: frozenset[DayKind] = frozenset(DayKind)) -> list[tuple[str, list[tuple[DayKind, str, str]]]]:
    """For people, the newest hour first: its date and beginning, and of each bucket its kind, when and what. Empty hours are left out."""
    found = []
    for hour in reversed(day.hours):
        within = [(bucket.kind, span(bucket), bucket.words) for bucket in day.within(hour) if bucket.kind in kinds]
        if within:
            found.append((f"{hour:%Y-%m-%d %H:%M}", within))
    return found


def _fields(bucket: DayBucket) -> dict[str, Any]:
    return {
        "kind": bucket.kind.value,
        "at": iso(bucket.at),
        "until": iso(bucket.until),
        "count": bucket.count,
        "quiet": bucket.quiet,
        "parts": bucket.parts,
        "text": bucket.words,
    }
