"""Which of eBay's notifications should tell a change. What none tells is polling's alone, and no notification's loss.

eBay has no topic for "order updated" and none for "item sold" (eBay's list of notification events, 2025-12): only a confirmed checkout,
a cancellation's progress and a shipment are told of. Whether sellers get ITEM_MARKED_SHIPPED is disputed, and the cancellation needs a
scope of its own, so a comparison awaits only the topics that it is given.
"""

from collections.abc import Sequence

ORDER_CONFIRMATION = "ORDER_CONFIRMATION"
ORDER_CANCELLATION_ACTIVITY = "ORDER_CANCELLATION_ACTIVITY"
ITEM_MARKED_SHIPPED = "ITEM_MARKED_SHIPPED"

TOPICS = (ORDER_CONFIRMATION,)
"""Awaited where nothing says what a seller is subscribed to: the one that every seller's consent allows."""

BY_FIELD = {
    "cancelStatus": ORDER_CANCELLATION_ACTIVITY,
    "fulfillmentHrefs": ITEM_MARKED_SHIPPED,
    "orderFulfillmentStatus": ITEM_MARKED_SHIPPED,
}


def topic_of(types: Sequence[str], changed: Sequence[str]) -> str | None:
    """The topic that should tell this change.

    Args:
        types: of the version's events, `("order.updated", "order.cancelled")`.
        changed: its changed top-level fields.
    """
    if "order.created" in types:
        return ORDER_CONFIRMATION
    if "order.updated" not in types:
        return None
    return next((topic for field, topic in BY_FIELD.items() if field in changed), None)
