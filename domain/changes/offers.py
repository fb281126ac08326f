"""What a reading of one SKU's offers changed. An offer is a SKU's price and quantity on one marketplace, and eBay dates none of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.changes.compare import changed_fields
from domain.changes.model import Change, Detection, Document, Kind, Stored

PREFIX = "offer:"


def entity_id(offer: Any) -> str | None:
    """`offer:OFFERID`; None for what cannot be kept as an offer."""
    value = offer.get("offerId") if type(offer) is dict else None
    return f"{PREFIX}{value}" if type(value) is str and value else None


def detect_offers(fetched: Sequence[Document], stored: Mapping[str, Stored], now: datetime) -> Detection:
    """Compare offers with the stored ones, by `entity_id`.

    Args:
        fetched: offers that have an `entity_id`; of one that is given twice the last one counts.
        stored: with their documents.
        now: UTC, the time of eBay's answer.
    """
    changes: list[Change] = []
    newest: dict[str, Document] = {}
    for offer in fetched:
        own = entity_id(offer)
        if own is None:
            raise ValueError("an offer without an id has to be set aside")
        newest[own] = offer
    duplicates = len(fetched) - len(newest)
    for own, offer in newest.items():
        known = stored.get(own)
        if known is None or known.removed:
            version = known.version + 1 if known else 1
            changes.append(Change(Kind.OFFER, own, version, ("offer.created",), offer, (), {}, now))
        elif known.data is None:
            duplicates += 1
        elif changed := changed_fields(Kind.OFFER, known.data, offer):
            previous = {name: known.data.get(name) for name in changed}
            changes.append(Change(Kind.OFFER, own, known.version + 1, ("offer.updated",), offer, changed, previous, now))
        else:
            duplicates += 1
    return Detection(changes, {}, duplicates, stale=0)


def gone(stored: Stored, now: datetime) -> Change:
    """eBay's complete answer about the SKU has the offer no more. `stored.data` must be there: the removal carries what was last known."""
    if stored.data is None:
        raise ValueError("a removal carries the last known document")
    return Change(Kind.OFFER, stored.entity_id, stored.version + 1, ("offer.removed",), stored.data, (), {}, occurred_at=now, removed=True)
