"""Whether eBay's answer about one order's parcels, or about one order alone, can be believed, and when to ask again. Pure.

Two of eBay's answers may disagree for a moment: an order says one parcel, and the list of its parcels is empty. And a 4xx without an
errorId is some gateway's word, not eBay's. Such an answer ends nothing: it is asked for again, soon and then ever more rarely, for days.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.changes.normal import last_segment
from domain.changes.sales import asked_to_cancel
from domain.waits import EBAYS, Waits

OTHERS_TRIES = 3  # for parcels of other numbers than the order says: that may stay so


class Doubt(StrEnum):
    """Why an answer is not the last word; the text is the reason when it is set aside."""

    NO_WORD = "eBay never answered: an error without eBay's errorId each time"
    REFUSED = "eBay refuses to show it"
    FEWER = "eBay lists fewer parcels than its order has"
    OTHERS = "eBay lists other parcels than its order has"
    NO_REQUESTS = "eBay shows no request of the cancellation"
    UNUSABLE = "eBay shows it alone in a form that cannot be kept"


def doubt_of_parcels(order_id: str, hrefs: Any, parcels: Sequence[Any]) -> Doubt | None:
    """Whether a list of parcels lacks some that the order's `fulfillmentHrefs` name."""
    named = _named(order_id, hrefs)
    if len(named) > len(parcels):
        return Doubt.FEWER
    there: Counter[Any] = Counter(parcel.get("fulfillmentId") for parcel in parcels if type(parcel) is dict)
    return Doubt.OTHERS if any(count > there[name] for name, count in Counter(named).items()) else None


def doubt_of_single(document: Any) -> Doubt | None:
    """Whether an order that was read alone lacks what only that shows."""
    if type(document) is not dict or not asked_to_cancel(document):
        return None
    requests = document["cancelStatus"].get("cancelRequests")
    return None if type(requests) is list and requests else Doubt.NO_REQUESTS


def wait(doubt: Doubt, tries: int, said_at: datetime | None, now: datetime, waits: Waits = EBAYS) -> timedelta | None:
    """How long until it is asked for again; None: this is how it stays.

    Args:
        tries: answers so far, this one too.
        said_at: when eBay itself refused it first.
    """
    if doubt is Doubt.REFUSED:
        return None if said_at is not None and now - said_at >= waits.refused_apart else waits.refused_again
    most = min(len(waits.rereads), OTHERS_TRIES) if doubt is Doubt.OTHERS else len(waits.rereads)
    return waits.rereads[tries - 1] if tries <= most else None


def _named(order_id: str, hrefs: Any) -> list[str]:
    """The parcels' numbers; an address of another order's says nothing of this one."""
    found = [href for href in hrefs if type(href) is str] if type(hrefs) is list else []
    return [last_segment(href) for href in found if "/order/" not in href or f"/order/{order_id}/" in href]
