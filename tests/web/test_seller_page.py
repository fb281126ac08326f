"""A seller's page as a story: its order, the strip of the day, lists that are searched and paged, forms that keep what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from domain.pacing import Stream
from domain.seller_day import HOURS, DayKind
from pages.runbooks import FOLDER, written
from store import Store
from store.schema.kinds import AlertKind
from tests.store.documents import LATER, enroll, item, order, sale, store_orders
from tests.web.site import Page, Site

ERROR = "EbayUnavailableError: eBay does not answer (HTTP 503)"
SECTIONS = ["h-alerts", "h-state", "h-day", "changes", "h-streams", "polls", "parcels", "stock", "notifications", "quota"]


@pytest.fixture
def filled(store: Store) -> Store:
    """anna: an order with a SKU, two without, stock, a failed poll and an open alert."""
    enroll(store, "anna")
    store_orders(store, order("o-1", **sale()), order("o-2"), order("o-3"), seller_id="anna")
    with store.commit(store.begin("anna", Stream.INVENTORY)) as commit:
        commit.store_inventory([item("A", 7), item("B", 1)], LATER)
    store.failed(store.begin("anna", Stream.ORDERS), ERROR)
    store.open_alert(AlertKind.LATE, "orders: no good poll for 3 intervals", "anna", about="orders")
    return store


async def test_a_sellers_page_goes_from_what_needs_a_look_to_what_it_costs(open_site: Callable[..., Site], filled: Store) -> None:
    site = open_site(temporal_ui_url="http://127.0.0.1:8233")
    page = await site.page("/sellers/anna")

    ids = [attributes["id"] for tag, attributes in page.elements if tag == "h2"]
    assert [one for one in ids if one in SECTIONS] == SECTIONS
    links = [one["href"] for one in page.all("a")]
    assert {f"#{name}" for name in SECTIONS} <= set(links)
    assert "http://127.0.0.1:8233/namespaces/default/workflows/ebay-polling:anna" in links
    assert "/runbooks/late" in links
    assert len(page.all("details")) >= 5
    assert "open" not in page.all("details")[0]


async def test_the_strip_says_what_happened_when_and_one_kind_can_be_chosen(site: Site, filled: Store) -> None:
    page, failures = await site.page("/sellers/anna"), await site.page("/sellers/anna?kind=failures")

    rows = [svg["aria-label"] for svg in page.all("svg") if svg["class"].startswith("row ")]
    assert len(rows) == len(DayKind)
    assert rows[1].startswith("5 changes in 24 hours, most of them")
    assert len(re.findall(r"<li>(?=<a href=\"#hour|<span class=\"nothing)", page.source)) == HOURS
    hour = next(one for one in page.all("a") if one["href"].startswith("#hour-"))
    assert ERROR in hour["data-words"]
    assert " UTC: " in hour["aria-label"]
    assert f'id="{hour["href"][1:]}"' in page.source
    assert [svg["class"] for svg in failures.all("svg") if svg["class"].startswith("row ")] == ["row of-failures"]
    assert "open" in failures.all("details")[0]
    assert "changes of" not in failures.section("h-day")
    assert ERROR in failures.section("h-day")


async def test_changes_are_found_by_type_order_number_and_sku_and_stay_so_on_the_next_page(site: Site, filled: Store) -> None:
    async def shown(query: str) -> list[tuple[str, str]]:
        page = await site.page(f"/sellers/anna?view=changes&{query}")
        return re.findall(r'<code>([a-z._]+)</code> <bdi class="entity">([^<]+)</bdi>', page.source)

    assert await shown("name=o-2") == [("order.created", "o-2")]
    assert {entity for _, entity in await shown("name=%20A%20")} == {"A", "o-1"}
    assert {kind.partition(".")[0] for kind, _ in await shown("type=alert")} == {"alert"}
    assert await shown("name=A&type=order") == [("order.created", "o-1")]
    assert await shown("type=nonsense") == await shown("")
    nothing = await site.page("/sellers/anna?view=changes&name=<b>x</b>")
    assert "No change of “ <b>x</b> ” is recorded. An order number, SKU" in nothing.text
    store_orders(filled, *(order(f"more-{number}") for number in range(60)), seller_id="anna")
    page = await site.page("/sellers/anna?view=changes&type=order")
    older = next(one["href"] for one in page.all("a") if one.get("rel") == "next")
    assert "type=order" in older
    assert len(re.findall("<code>order.created", page.source + (await site.page(older)).source)) == 63


async def test_a_form_that_fails_keeps_what_was_typed_and_says_beside_the_field_what_is_wrong(site: Site, filled: Store) -> None:
    long = "<b>" + "x" * 200
    refused = Page(await site.press("/sellers/anna", "/sellers/anna/pause", reason=long, **{"for": "6h"}))

    assert refused.answer.status_code == 422
    field = next(one for one in refused.all("input") if one.get("id") == "reason")
    assert (field["value"], field["aria-invalid"], field["aria-describedby"]) == (long, "true", "refused")
    assert "Write 200 characters at most; these are 203." in refused.text
    assert [one["value"] for one in refused.all("option") if "selected" in one and one["value"] in ("6h", "open")][-1] == "6h"
    assert [one["data-live-from"] for one in refused.all("nav") if "data-live-from" in one] == ["/sellers/anna"]


async def test_a_pause_while_temporal_is_away_loses_no_word_of_its_reason(site: Site, filled: Store) -> None:
    refused = Page(await site.press("/sellers/anna", "/sellers/anna/pause", reason="stock-take until Monday"))

    assert refused.answer.status_code == 503
    assert next(one for one in refused.all("input") if one.get("id") == "reason")["value"] == "stock-take until Monday"
    assert "Nothing was changed: Temporal does not answer" in refused.text


async def test_every_runbook_is_a_page_and_its_links_lead_to_pages(site: Site, filled: Store) -> None:
    names = {path.stem for path in FOLDER.glob("*.md")}
    texts = {name: str(written(name)) for name in names}

    assert len(names) > 25
    assert {found for text in texts.values() for found in re.findall(r'href="/runbooks/([a-z_]+)', text)} <= names
    assert not any(re.search(r'href="(?!/runbooks/|https://|#)', text) for text in texts.values())
    page = Page(await site.browser.get("/runbooks/late"))  # nobody is logged in
    assert "A stream had no good poll for 3 of its intervals" in page.text
    for wrong in ("nothing", "..%2findex", "LATE", "late.md"):
        assert (await site.browser.get(f"/runbooks/{wrong}")).status_code == 404


async def test_a_list_of_its_own_is_paged_and_a_wrong_cursor_is_said(site: Site, filled: Store) -> None:
    polls = await site.page("/sellers/anna?view=polls")

    assert ERROR in polls.section("polls")
    assert len(polls.all("h1")) == 1
    answer = await site.browser.get("/sellers/anna?view=polls&after=nonsense")
    assert (answer.status_code, "no answer gave this as next" in answer.text) == (422, True)
