"""What a command leaves behind that enrols, and how a test sees that it left nothing."""

from __future__ import annotations

from tests.support.house import House

TABLES = (
    *("sellers", "tokens", "streams", "orders", "fulfillments", "inventory", "offers", "change_events"),
    *(
        "stock_due",
        "sold_lines",
        "rereads",
        "poll_runs",
        "poll_hours",
        "scan_pages",
        "set_aside",
        "alerts",
        "accounts",
        "consents",
        "erased_orders",
    ),
    *("endpoints", "delivery_lanes", "redeliveries", "deliveries", "replays"),
    *("notifications", "modes", "sightings"),
)


def token(house: House, seller: str) -> str:
    with house.store.tokens.locked(seller) as row:
        return row.refresh_token


def left(house: House, seller: str) -> dict[str, int]:
    """Rows of a seller in each table that has any."""
    counted = {
        table: house.rows(f"SELECT count(*) FROM sellerbeat.{table} WHERE seller_id = :seller", seller=seller)[0][0] for table in TABLES
    }
    return {table: rows for table, rows in counted.items() if rows}


def assert_nothing_was_done(house: House, seller: str) -> None:
    assert left(house, seller) == {}
    assert house.runs(seller) == []
    assert house.command("status", seller).failure(1) == f"seller {seller} is not enrolled; starter.py list shows all sellers"


def before(house: House) -> list[object]:
    """All that an enrolment could touch."""
    tables = ("sellers", "tokens", "streams", "accounts", "change_events", "alerts")
    return [house.rows(f"SELECT * FROM sellerbeat.{table} ORDER BY 1, 2") for table in tables]
