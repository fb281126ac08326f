"""A seller of the demo on the way to webhooks: in shadow from the start, compared at the end."""

from __future__ import annotations

from datetime import timedelta

from activities.comparing import compared
from reconciling import Mode
from store import Store, UnknownSellerError

SELLER = "anna"
BACK = timedelta(days=7)


def begin(store: Store) -> str | None:
    """As `starter.py mode anna shadow` does it, once. Returns what to say, None where nothing changed."""
    if store.modes.get(SELLER).mode is not Mode.POLLING or not store.modes.set(SELLER, Mode.SHADOW):
        return None
    return f"{SELLER} is in shadow: polled as ever, and compared with eBay's notifications"


def end(store: Store) -> str | None:
    """What came out so far, in a line; None where there is nothing to compare."""
    now = store.modes.clock()
    try:
        found = compared(store, SELLER, now - BACK, now)
    except UnknownSellerError:
        return None
    if found.watch.mode is Mode.POLLING:
        return None
    it = found.comparison
    only = f"{len(it.only_polling)} by polling only, {len(it.only_notifications)} by notifications only"
    return f"{SELLER} in {found.watch.mode}: {it.both} changes seen by both, {only}, {it.unannounced} that eBay announces to nobody"
