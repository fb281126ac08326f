"""Notifications of a seller, put where the inbox leaves them, and what became of them."""

from __future__ import annotations

from tests.support.rig import Rig


def tell(
    rig: Rig, topic: str = "ORDER_CONFIRMATION", *orders: str, id_: str = "", listings: tuple[str, ...] = (), seller: str = "anna"
) -> str:
    """A notification was kept, as the inbox keeps it, of something that happens now."""
    id_ = id_ or f"notice-{len(states(rig)) + 1}"
    rig.store.notifications.save(
        id_, topic, seller_id=seller, orders=list(orders), listings=list(listings), happened_at=rig.world.clock.now()
    )
    return id_


def states(rig: Rig) -> dict[str, str]:
    with rig.store.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.exec_driver_sql("SELECT notification_id, state FROM sellerbeat.notifications")}


def stream_of(rig: Rig) -> tuple[object, ...]:
    with rig.store.engine.connect() as connection:
        columns = "cursor, next_poll_at, last_poll_at, last_good_at, why, failures, reading, run_changes"
        query = f"SELECT {columns} FROM sellerbeat.streams WHERE stream = 'orders'"
        return tuple(connection.exec_driver_sql(query).one())
