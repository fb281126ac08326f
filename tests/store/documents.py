"""Small documents in eBay's shape, and a store with a seller in it, for the tests of this room."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event

from domain.changes.dates import read_time
from domain.pacing import Stream
from store import Store, StoreResult
from tests.support.enrolled import long_ago

ENROLLED = datetime(2026, 3, 1, 12, tzinfo=UTC)  # eBay's clock at the enrolment
LATER = ENROLLED + timedelta(hours=1)
SELLER = "seller-1"


def order(order_id: str = "o-1", *, modified: datetime = LATER, created: datetime = LATER, **fields: Any) -> dict[str, Any]:
    """Its line names neither an SKU nor a listing, so that it tells no sale; see `sale`."""
    return {
        "orderId": order_id,
        "creationDate": created.isoformat(),
        "lastModifiedDate": modified.isoformat(),
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PENDING",
        "lineItems": [{"lineItemId": "1", "quantity": 1, "lineItemFulfillmentStatus": "NOT_STARTED"}],
        **fields,
    }


def sale(number: str = "1", **fields: Any) -> dict[str, Any]:
    """Fields of an order that sells one piece of the SKU A in this line."""
    return {"lineItems": [{"lineItemId": number, "sku": "A", "quantity": 1, "lineItemFulfillmentStatus": "NOT_STARTED", **fields}]}


def parcel(number: str, **fields: Any) -> dict[str, Any]:
    return {"fulfillmentId": number, "shippedDate": LATER.isoformat(), "shipmentTrackingNumber": number, **fields}


def item(sku: str, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    return {"sku": sku, "availability": {"shipToLocationAvailability": {"quantity": quantity}}, **fields}


def enroll(store: Store, seller_id: str = SELLER, backfill: timedelta | None = None, **options: Any) -> None:
    store.sellers.enroll(
        seller_id,
        "refresh-1",
        scopes=["orders"],
        now_ebay=ENROLLED,
        backfill_from=ENROLLED - backfill if backfill else None,
        options=options,
    )
    long_ago(store.engine, seller_id)


def answered(orders: Sequence[Any]) -> datetime:
    """When eBay could give these: not before the newest was modified."""
    dates = [read_time(one.get("lastModifiedDate")) for one in orders if isinstance(one, dict)]
    return max([LATER, *filter(None, dates)])


def store_orders(store: Store, *orders: Any, seller_id: str = SELLER, read_at: datetime | None = None, source: str = "poll") -> StoreResult:
    with store.commit(store.begin(seller_id, Stream.ORDERS)) as commit:
        return commit.store_orders(orders, read_at or answered(orders), source)


def store_inventory(store: Store, *items: Any, read_at: datetime = LATER) -> StoreResult:
    with store.commit(store.begin(SELLER, Stream.INVENTORY)) as commit:
        return commit.store_inventory(items, read_at)


def reported(store: Store, seller_id: str = SELLER) -> list[tuple[str, str, int]]:
    """The seller's events in short."""
    return [(one["type"], one["entity_id"], one["version"]) for one in store.feed.read(limit=10_000, seller=seller_id)]


def refused_title(order_id: str) -> dict[str, Any]:
    """An order that Postgres refuses: JSONB holds no NUL."""
    return order(order_id, title="CANARY\0")


def someone_waits(store: Store) -> bool:
    """Whether another connection to this database waits for a lock."""
    with store.engine.begin() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        return bool(connection.exec_driver_sql(waiting).scalar_one())


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """The statements sent meanwhile, without BEGIN and COMMIT."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
