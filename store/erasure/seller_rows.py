"""All rows of one seller, in every table, erased: `Sellers.erase`."""

from sqlalchemy import Engine, text

from store.events.enrolment_events import add_erased
from store.events.events import Events
from store.schema.errors import translated

CHUNK = 5000  # rows erased in one transaction
LIFT_TIMEOUT_OF_ERASURE = text("SELECT set_config('statement_timeout', '0', true)")
# By position, which tells the partition.
ERASE_EVENTS_OF_SELLER = text(f"""
    DELETE FROM sellerbeat.change_events
    WHERE position = ANY (ARRAY(SELECT position FROM sellerbeat.change_events WHERE seller_id = :seller_id ORDER BY position LIMIT {CHUNK}))
""")
ERASE_ROWS_OF_SELLER = [
    ERASE_EVENTS_OF_SELLER,
    *(
        text(f"""
        DELETE FROM sellerbeat.{table}
        WHERE seller_id = :seller_id
            AND ctid = ANY (ARRAY(SELECT ctid FROM sellerbeat.{table} WHERE seller_id = :seller_id LIMIT {CHUNK}))
    """)
        for table in (
            "orders",
            "fulfillments",
            "inventory",
            "notifications",
            "offers",
            "stock_due",
            "sold_lines",
            "rereads",
            "poll_runs",
            "poll_hours",
            "scan_pages",
            "sightings",
            "modes",
            "set_aside",
            "alerts",
            "streams",
            "delivery_lanes",
            "redeliveries",
            "deliveries",
            "replays",
            "consents",
            "erased_orders",
        )
    ),
]
# Last, and together: who is erased for eBay's word is found by the account, until it is done. A dispatcher that looked, or a delivery that
# ended, while the other rows went may have made a cursor anew.
ERASE_SELLER = text("""
    WITH account AS (DELETE FROM sellerbeat.accounts WHERE seller_id = :seller_id), gone AS (DELETE FROM sellerbeat.delivery_lanes
        WHERE seller_id = :seller_id),
        log AS (DELETE FROM sellerbeat.deliveries WHERE seller_id = :seller_id)
    DELETE FROM sellerbeat.sellers WHERE seller_id = :seller_id RETURNING enrollment, clock_timestamp() AS now
""")


def erase_rows_of_seller(engine: Engine, seller_id: str, version: int) -> None:
    """Delete them in small transactions; broken off, it is finished by calling it again.

    `version`: of the event that tells it. That one has no seller and no sequence, as the fleet's alerts: nothing of them stays.
    """
    for erasure in ERASE_ROWS_OF_SELLER:
        more = True
        while more:
            with translated(), engine.begin() as connection:
                connection.execute(LIFT_TIMEOUT_OF_ERASURE)
                # More than asked for: rows of several partitions may have the same ctid.
                more = connection.execute(erasure, {"seller_id": seller_id}).rowcount >= CHUNK
    with translated(), engine.begin() as connection:
        erased = connection.execute(ERASE_SELLER, {"seller_id": seller_id}).one_or_none()
        if erased is not None:
            events = Events(erased.enrollment)
            add_erased(events, seller_id, version, erased.now)
            events.emit(connection, None)
