"""Pictures for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from demo_stack.demo.picture import Counts, Frame, Move, News, Picture, Row, SellerStock

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMMAND = ".sellerbeat/starter pause anna --reason lunch"
FRAME = Frame(
    "polls a simulated eBay",
    (("Web UI", "http://127.0.0.1:30152"), ("simulated eBay", "http://127.0.0.1:25235")),
    ((COMMAND, "then resume anna: nothing is lost"), (".sellerbeat/starter status bert", "what is polled when, and why then")),
    NOW + timedelta(seconds=42),
)


def row(seller: str = "anna", stream: str = "orders", state: str = "polling", why: str = "every 2 s") -> Row:
    return Row(seller, stream, state, NOW - timedelta(seconds=0.4), NOW + timedelta(seconds=1.6), why, 120, 34)


def picture(sellers: int = 3, news: int = 20, **more: Any) -> Picture:
    rows = tuple(row(f"seller-{k}", stream) for k in range(sellers) for stream in ("orders", "fulfillment", "inventory"))
    latest = tuple(News(NOW, "anna", "order.updated", f"03-14798-{k:05}", ("lineItems", "orderFulfillmentStatus")) for k in range(news))
    return Picture(NOW, rows, latest, changes=1234, calls=567, stocks=tuple(stock(f"seller-{k}") for k in range(sellers)), **more)


def stock(seller: str = "anna") -> SellerStock:
    latest, out = Move(NOW - timedelta(seconds=4), "SKU-00012", "12 -> 11"), Move(NOW - timedelta(seconds=70), "110011", "1 -> 0", out=True)
    return SellerStock(seller, Counts(150, 40, 1204, 17, 88, 95), latest, out)
