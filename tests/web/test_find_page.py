"""Whose an order number or a SKU is, on the page and over HTTP: for who sees all sellers, and nothing of a buyer's."""

from __future__ import annotations

from typing import Any

import pytest

from domain.pacing import Stream
from domain.scopes import Scope
from store import Store
from tests.api.worked import token
from tests.store.documents import LATER, enroll, item, order, parcel, store_orders
from tests.support.canary import BUYER, put_buyer
from tests.web.site import Page, Site, refused

ARABIC = "\u0642\u0645\u064a\u0635"
TRACKING = "940011189922385599"
LONG = "s" * 100


@pytest.fixture
def filled(store: Store) -> Store:
    for seller in ("anna", LONG):
        enroll(store, seller)
    starts: list[dict[str, Any]] = [{"shippingStep": {}}]
    document = order(
        "03-14798-1",
        fulfillmentStartInstructions=starts,
        lineItems=[{"lineItemId": "l-1", "sku": ARABIC, "legacyItemId": "110588", "quantity": 1}],
    )
    put_buyer(document)
    store_orders(store, document, seller_id=LONG)
    with store.commit(store.begin(LONG, Stream.FULFILLMENT)) as commit:
        commit.store_parcels("03-14798-1", [parcel(TRACKING)], LATER)
    with store.commit(store.begin("anna", Stream.INVENTORY)) as commit:
        commit.store_inventory([item(ARABIC, 3), item("<b>bold</b>", 1)], LATER)
    return store


async def test_the_page_leads_to_the_sellers_and_shows_no_buyer(site: Site, filled: Store) -> None:
    by_order, by_sku = await site.page("/find?q=03-14798"), await site.page(f"/find?q={ARABIC}")
    hostile = await site.page("/find?q=%3Cb%3E")

    assert [one["href"] for one in by_order.all("a") if one["href"].startswith("/sellers/")] == [f"/sellers/{LONG}"] * 2
    assert "parcels of the order" in by_order.text
    assert {one["href"] for one in by_sku.all("a") if one["href"].startswith("/sellers/")} == {"/sellers/anna", f"/sellers/{LONG}"}
    assert by_sku.source.count(f'<bdi class="entity">{ARABIC}</bdi>') == 2
    assert "<b>" not in hostile.source
    assert "<b>bold</b>" in hostile.text
    for page in (by_order, by_sku):
        assert TRACKING[-6:] not in page.source
        assert not [value for value in BUYER.values() if value in page.source]


async def test_a_box_on_the_first_page_leads_there_and_what_is_not_found_says_why_it_may_be(site: Site, filled: Store) -> None:
    (box,) = [one for one in (await site.page("/")).all("input") if one.get("id") == "q"]
    nothing = await site.page("/find?q=03-99")
    empty = await site.page("/find")

    assert (box["name"], box["maxlength"]) == ("q", "200")
    assert "/find" in (await site.page("/")).forms
    assert "letters' case counts" in nothing.text
    assert "removed ones too" in empty.text


@pytest.mark.parametrize(
    ("typed", "said"), [("x" * 201, "No id is longer than 200"), ("%00", "No id holds such"), ("%20", "Write an order number")]
)
async def test_what_no_id_can_be_is_said_beside_the_box(site: Site, typed: str, said: str) -> None:
    await site.login()
    answer = await site.browser.get(f"/find?q={typed}")

    assert answer.status_code == 422
    assert said in Page(answer).text


async def test_who_is_not_logged_in_finds_nothing(site: Site, filled: Store) -> None:
    assert (await site.visitor().get("/find?q=03")).status_code == 303


async def test_over_http_it_is_found_by_who_reads_all_sellers(site: Site, filled: Store) -> None:
    async with site.visitor(**token(filled, Scope.READ)) as reader:
        found = (await reader.get("/v1/find", params={"q": "03-14798-1"})).json()
    async with site.visitor(**token(filled, Scope.READ, LONG, name="narrow")) as narrow:
        refused(await narrow.get("/v1/find", params={"q": "03-14798-1"}), 403)
    async with site.visitor(**token(filled, Scope.FEED, name="feed")) as feed:
        refused(await feed.get("/v1/find", params={"q": "03-14798-1"}), 403)

    assert found["more"] is False
    assert [(one["seller_id"], one["kind"], one["found_by"], one["entity_id"]) for one in found["found"]] == [
        (LONG, "order", "order number", "03-14798-1"),
        (LONG, "fulfillment", "order number", "03-14798-1"),
    ]
    assert {one["page"] for one in found["found"]} == {f"/sellers/{LONG}"}
    assert found["found"][0]["changed_at"] == "2026-03-01T13:00:00.000Z"


async def test_more_than_a_screen_is_told_and_the_exact_one_comes_first(site: Site, store: Store) -> None:
    enroll(store, "anna")
    with store.commit(store.begin("anna", Stream.INVENTORY)) as commit:
        commit.store_inventory([item(f"SKU-{number}", 1) for number in range(60)] + [item("SKU", 1)], LATER)

    found = (await site.program.get("/v1/find", params={"q": "SKU"})).json()
    page = await site.page("/find?q=SKU")

    assert (len(found["found"]), found["more"], found["found"][0]["value"]) == (50, True, "SKU")
    assert "more than these 50" in page.text
