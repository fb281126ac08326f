"""Views for readers: orders, their lines, parcels, stock and changes, in columns that keep their names while tables change.

Made anew by each `migrate`. They run with the rights of their owner: a reader needs none on the tables (docs/how-to/read-the-feed.md has
the grants). eBay's JSON is read with care: what is no number, date or list there is null here, and no row makes a view fail.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text


class ReaderView(NamedTuple):
    """One view: what it is, from what, and its columns, each with its expression and its meaning."""

    comment: str
    source: str
    columns: dict[str, tuple[str, str]]


def _number(value: str) -> str:
    return f"CASE WHEN {value} ~ '^-?[0-9]{{1,15}}([.][0-9]{{1,9}})?$' THEN CAST({value} AS numeric) END"


def _count(value: str) -> str:
    return f"CASE WHEN {value} ~ '^-?[0-9]{{1,9}}$' THEN CAST({value} AS integer) END"


def _time(value: str) -> str:
    """ISO 8601 in UTC, as eBay writes it. A day that the month lacks counts on into the next: a cast of it would fail the whole view."""
    return (
        f"CASE WHEN {value} ~ '^[12][0-9]{{3}}-(0[1-9]|1[0-2])-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{{1,9}})?Z$' "
        f"THEN (make_date(CAST(substr({value}, 1, 4) AS integer), CAST(substr({value}, 6, 2) AS integer), 1) "
        f"+ (CAST(substr({value}, 9, 2) AS integer) - 1) + CAST(rtrim(substr({value}, 12), 'Z') AS time)) AT TIME ZONE 'UTC' END"
    )


# None where it is no list.
LINES = "jsonb_array_elements(CASE WHEN jsonb_typeof(e.data -> 'lineItems') = 'array' THEN e.data -> 'lineItems' ELSE '[]' END)"
SELLER = "the app's own id of the seller"
AS_OF = "when eBay showed this state, by eBay's clock"
REMOVED = "since when eBay shows it no more; null: it is there"

VIEWS = {
    "v_orders": ReaderView(
        "One row an order, as eBay showed it last.",
        "FROM sellerbeat.orders AS e",
        {
            "seller_id": ("e.seller_id", SELLER),
            "order_id": ("e.entity_id", "eBay's orderId"),
            "created_at": ("e.created_at", "eBay's creationDate"),
            "modified_at": ("e.modified_at", "eBay's lastModifiedDate"),
            "payment_status": ("e.data ->> 'orderPaymentStatus'", "such as PAID, PENDING, FULLY_REFUNDED"),
            "fulfillment_status": ("e.data ->> 'orderFulfillmentStatus'", "NOT_STARTED, IN_PROGRESS or FULFILLED"),
            "cancel_state": ("e.data #>> '{cancelStatus,cancelState}'", "such as NONE_REQUESTED, CANCELED"),
            "buyer": ("e.data #>> '{buyer,username}'", "the buyer's user name; null once eBay hides it, or the buyer left"),
            "total": (_number("(e.data #>> '{pricingSummary,total,value}')"), "what the buyer pays"),
            "currency": ("e.data #>> '{pricingSummary,total,currency}'", "of the total"),
            "version": ("e.version", "counts the order's versions; events have the same"),
            "as_of": ("e.as_of", AS_OF),
            "removed_at": ("e.removed_at", REMOVED),
            "data": ("e.data", "eBay's document, whole"),
        },
    ),
    "v_order_lines": ReaderView(
        "One row a line of an order.",
        f"FROM sellerbeat.orders AS e, LATERAL {LINES} AS line (item) WHERE jsonb_typeof(line.item) = 'object'",
        {
            "seller_id": ("e.seller_id", SELLER),
            "order_id": ("e.entity_id", "eBay's orderId"),
            "line_item_id": ("line.item ->> 'lineItemId'", "eBay's lineItemId"),
            "item_id": ("line.item ->> 'legacyItemId'", "the listing that was sold"),
            "sku": ("line.item ->> 'sku'", "the seller's own id of the thing; null: the listing has none"),
            "title": ("line.item ->> 'title'", "of the listing"),
            "quantity": (_count("(line.item ->> 'quantity')"), "pieces sold"),
            "cost": (_number("(line.item #>> '{lineItemCost,value}')"), "of the whole quantity, without delivery and taxes"),
            "currency": ("line.item #>> '{lineItemCost,currency}'", "of the cost"),
            "fulfillment_status": ("line.item ->> 'lineItemFulfillmentStatus'", "NOT_STARTED, IN_PROGRESS or FULFILLED"),
            "sold_at": ("e.created_at", "the order's creationDate"),
            "removed_at": ("e.removed_at", "of the order: " + REMOVED),
        },
    ),
    "v_parcels": ReaderView(
        "One row a parcel: eBay's shipping fulfillment.",
        "FROM sellerbeat.fulfillments AS e",
        {
            "seller_id": ("e.seller_id", SELLER),
            "parcel_id": ("e.entity_id", "orderId/fulfillmentId; the second with the same id ends with #2"),
            "order_id": ("e.order_id", "eBay's orderId"),
            "carrier": ("e.data ->> 'shippingCarrierCode'", "such as USPS"),
            "tracking_number": ("e.data ->> 'shipmentTrackingNumber'", "null: shipped without one"),
            "shipped_at": (_time("(e.data ->> 'shippedDate')"), "eBay's shippedDate"),
            "version": ("e.version", "counts the parcel's versions; events have the same"),
            "as_of": ("e.as_of", AS_OF),
            "removed_at": ("e.removed_at", REMOVED),
            "data": ("e.data", "eBay's document, whole"),
        },
    ),
    "v_stock": ReaderView(
        "One row a SKU of the Inventory API, or a listing that it does not see, as eBay showed it last.",
        "FROM sellerbeat.inventory AS e",
        {
            "seller_id": ("e.seller_id", SELLER),
            "entity_id": ("e.entity_id", "the SKU, or listing:ITEMID"),
            "item_id": ("e.data ->> 'itemId'", "of a listing; null: a SKU of the Inventory API"),
            "sku": (
                "CASE WHEN starts_with(e.entity_id, 'listing:') THEN e.data ->> 'sku' ELSE e.entity_id END",
                "null: the listing has none",
            ),
            "title": ("coalesce(e.data ->> 'title', e.data #>> '{product,title}')", "of the listing or product"),
            "available": (
                _count("coalesce(e.data ->> 'available', e.data #>> '{availability,shipToLocationAvailability,quantity}')"),
                "pieces left when it was read; sales since then: `snapshot`, expected",
            ),
            "price": (_number("(e.data #>> '{price,value}')"), "of a listing"),
            "currency": ("e.data #>> '{price,currency}'", "of the price"),
            "variations": ("e.data -> 'variations'", "of a listing: its variations with their own figures"),
            "version": ("e.version", "counts the row's versions; events have the same"),
            "as_of": ("e.as_of", AS_OF),
            "removed_at": ("e.removed_at", REMOVED),
            "data": ("e.data", "the document, whole"),
        },
    ),
    "v_changes": ReaderView(
        "One row a change, for readers in the same database: who goes on after a position misses nothing.",
        "FROM sellerbeat.change_events AS e",
        {
            "position": ("e.position", "orders the whole feed"),
            "id": ("e.id", "the same for ever, however often it is read"),
            "seller_id": ("e.seller_id", SELLER + "; null: an alert of the fleet"),
            "sequence": ("e.sequence", "counts the seller's changes"),
            "type": ("e.type", "such as order.created"),
            "entity_id": ("e.entity_id", "of what changed"),
            "version": ("e.version", "of what changed, since this change"),
            "occurred_at": ("e.occurred_at", "when it happened, by eBay"),
            "detected_at": ("e.detected_at", "when it was recorded"),
            "source": ("e.source", "poll, sweep, backfill or notification"),
            "changed": ("e.changed", "top-level fields that differ, sorted"),
            "previous": ("e.previous", "their old values"),
            "data": ("e.data", "the document as it is now"),
        },
    ),
}


def make_views(connection: Connection) -> None:
    """Make or renew them, with a comment on each and on each column. Grants stay."""
    for name, view in VIEWS.items():
        columns = ", ".join(f"{expression} AS {column}" for column, (expression, _) in view.columns.items())
        connection.execute(text(f"CREATE OR REPLACE VIEW sellerbeat.{name} AS SELECT {columns} {view.source}"))
        for what, words in {
            f"VIEW sellerbeat.{name}": view.comment,
            **{f"COLUMN sellerbeat.{name}.{column}": words for column, (_, words) in view.columns.items()},
        }.items():
            connection.execute(text(f"COMMENT ON {what} IS :words"), {"words": words})
