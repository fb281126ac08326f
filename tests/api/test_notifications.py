"""Notifications of a seller over HTTP, where eBay is not asked: what came, and what is refused. The rest is in tests/end_to_end."""

from __future__ import annotations

from domain.scopes import Scope
from store import Store
from tests.api.test_feed_of_some import token
from tests.store.documents import enroll
from tests.web.site import Site, refused

PATH = "/v1/sellers/anna/notifications"


async def test_what_came_is_counted_by_topic(site: Site, store: Store) -> None:
    enroll(store, "anna")
    for number in (1, 1, 2):
        store.notifications.save(f"n-{number}", "ORDER_CONFIRMATION", seller_id="anna")
    store.notifications.save("n-3", "LISTING", seller_id="bert")

    (row,) = (await site.program.get(PATH)).json()["topics"]

    assert (row["topic"], row["notifications"], row["copies"]) == ("ORDER_CONFIRMATION", 2, 3)
    refused(await site.program.get("/v1/sellers/nobody/notifications"), 404)


async def test_without_its_settings_it_says_which_is_missing(site: Site, store: Store) -> None:
    enroll(store, "anna")

    assert "SELLERBEAT_EBAY_CLIENT_ID" in refused(await site.program.post(f"{PATH}/setup"), 409)
    assert store.audit.read() == []


async def test_who_reads_sets_nothing_up_and_nobody_another_seller(site: Site, store: Store) -> None:
    enroll(store, "anna")
    for scope, sellers, statuses in (
        (Scope.FEED, (), [403, 403, 403]),
        (Scope.READ, (), [200, 403, 403]),
        (Scope.CONTROL, ("anna",), [200, 409, 409]),
        (Scope.ADMIN, ("bert",), [404, 404, 404]),
    ):
        async with site.visitor(**token(store, scope, *sellers, name=scope.value)) as app:
            answers = [await app.get(PATH), await app.post(f"{PATH}/setup"), await app.post(f"{PATH}/repair")]
            assert [one.status_code for one in answers] == statuses
