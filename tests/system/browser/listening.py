"""Endpoints of each state, and a seller on the way to webhooks, as the page meets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.comparison import Mode
from store import Store
from store.delivery.claims import Attempt
from tests.store.documents import enroll, order, store_orders

HTML_URL = "https://shop.example.com/hooks/ebay?for=<script>document.title='pwned'</script>&" + "key=" + "x" * 200
COMPARED = {"days": 7, "both": 412, "only_polling": 2, "only_notifications": 0, "ready": False, "why": "2 notifications were lost"}


def listen(store: Store) -> None:
    """One endpoint is on, one fails, one is off. nina, in shadow, is told of."""
    enroll(store, "nina")
    store.modes.set("nina", Mode.SHADOW)
    store.modes.compared("nina", store.modes.get("nina"), COMPARED, orders=412, polls_first=2)
    on, _ = store.endpoints.add("https://app.example.com/hooks/ebay", ["*"])
    failing, _ = store.endpoints.add(HTML_URL, ["order.*", "fulfillment.*", "inventory.*", "alert.*"], thin=True)
    off, _ = store.endpoints.add("https://old.example.com:8443/", ["order.created"], seller_id="nina")
    store_orders(store, *(order(f"o-{number}") for number in range(5)), seller_id="nina")
    answered(store, on, None, "delivered", 204, times=4)
    answered(store, failing, "refused", "refused", 500, times=2)
    answered(store, failing, "timeout", "unanswered", None, times=1)
    store.delivery_cursors.switch_off(off, "it answered 410 and wants no more", datetime.now(UTC), f"endpoint {off} wants no more")


def answered(store: Store, endpoint: str, kind: str | None, outcome: str, status: int | None, times: int) -> None:
    now = datetime.now(UTC)
    for number in range(1, times + 1):
        run = store.delivery_cursors.begin(endpoint, "nina", now)
        assert run
        (event,) = store.delivery_cursors.next(run, run.sequence, 1)
        attempt = Attempt(event, number, False, outcome, status, kind, 84)
        if outcome == "delivered":
            store.delivery_cursors.delivered(run, attempt, now)
        else:
            store.delivery_cursors.failed(run, attempt, now, now + timedelta(minutes=5))
