"""What each topic of eBay's notifications asks of us. Pure.

Names: eBay's page of the Notification API's topics, and `NotificationEventTypeCodeType` of the Trading API. A notification is a hint:
it is never taken for true, it only says what to read.
"""

from enum import StrEnum


class Asks(StrEnum):
    """What somebody has to do about a notification."""

    ORDERS = "orders"  # read these orders
    LISTINGS = "listings"  # read these listings
    TOKEN = "token"  # is the seller's token still good?
    PERSON = "person"  # somebody wants to be forgotten: what says who is kept, encrypted, until that is done
    NOTHING = "nothing"  # a topic of no use to us, or an unknown one: seen, and counted


ACCOUNT_DELETION = "MARKETPLACE_ACCOUNT_DELETION"

COMMERCE = {
    "ORDER_CONFIRMATION": Asks.ORDERS,  # one for each line item, or an array of them: both are seen
    "ITEM_MARKED_SHIPPED": Asks.ORDERS,
    "ORDER_CANCELLATION_ACTIVITY": Asks.ORDERS,
    "ORDER_RETURN_ACTIVITY": Asks.ORDERS,
    "ORDER_INQUIRY_ACTIVITY": Asks.ORDERS,
    "ITEM_COMMITMENT_CANCELLATION_ACTIVITY": Asks.ORDERS,
    "LISTING": Asks.LISTINGS,
    "ITEM_AVAILABILITY": Asks.LISTINGS,
    "ITEM_PRICE_REVISION": Asks.LISTINGS,
    "AUTHORIZATION_REVOCATION": Asks.TOKEN,
    ACCOUNT_DELETION: Asks.PERSON,
}
PLATFORM = {
    **dict.fromkeys(("FixedPriceTransaction", "AuctionCheckoutComplete", "ItemMarkedShipped", "ItemMarkedPaid"), Asks.ORDERS),
    **dict.fromkeys(("BuyerCancelRequested", "ReturnCreated", "ReturnClosed", "ReturnShipped", "ReturnDelivered"), Asks.ORDERS),
    **dict.fromkeys(("ItemSold", "ItemRevised", "ItemListed", "ItemClosed", "ItemUnsold", "ItemOutOfStock", "EndOfAuction"), Asks.LISTINGS),
    "TokenRevocation": Asks.TOKEN,
}


MOVING = ("ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED", "ORDER_CANCELLATION_ACTIVITY", "ItemMarkedShipped", "BuyerCancelRequested")


def moves_orders(topic: str) -> bool:
    """Whether an order that shows what this tells of has a later `lastModifiedDate`. Returns and inquiries may show nowhere in it."""
    return topic in MOVING


def asks(topic: str) -> Asks:
    """By the topic's name in either API: they share none. An unknown topic asks for nothing."""
    return COMMERCE.get(topic) or PLATFORM.get(topic) or Asks.NOTHING
