"""All open orders of a seller, those without a date too."""

from store import Store
from store.steps.reads import EVER


def open_orders(store: Store, seller_id: str, limit: int = 10_000) -> list[str]:
    return store.open_orders_since(seller_id, EVER, limit) + store.old_open_orders(seller_id, EVER, limit)
