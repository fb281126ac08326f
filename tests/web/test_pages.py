"""What an operator sees: who is polled, who is not and why, what to do, and never a buyer or somebody's HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activities.fleet.comparing import evaluate
from domain import remedies
from domain.comparison import Mode
from domain.pacing import Stream
from domain.seller_state import GRAVITY
from lab.benchmarks.fleet import settle
from store import Store
from store.schema.kinds import AlertKind
from tests.store.documents import LATER, enroll, item, order, parcel, store_orders
from tests.support.canary import BUYER, put_buyer
from tests.web.site import Page, Site

HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
VIEWS = ("/", "/?find=anna", "/sellers/anna", "/sellers/anna?before=99", "/sellers/anna?sku=A", "/login")


def put_document(store: Store, kind: str, *documents: Any, seller: str = "anna", order_id: str = "o-1") -> None:
    stream = {"inventory": Stream.INVENTORY, "fulfillment": Stream.FULFILLMENT}[kind]
    with store.commit(store.begin(seller, stream)) as commit:
        if kind == "inventory":
            commit.store_inventory(documents, LATER)
        else:
            commit.store_parcels(order_id, documents, LATER)


@pytest.fixture
def busy(store: Store) -> Store:
    """anna: an order with a buyer that was paid and shipped, stock, an alert and HTML wherever a word of strangers can stand."""
    enroll(store, "anna")
    line = {"lineItemId": "1", "sku": HTML, "title": HTML, "quantity": 2, "lineItemFulfillmentStatus": "NOT_STARTED"}
    first = order("o-1", lineItems=[line], fulfillmentStartInstructions=[{"shippingStep": {}}])
    put_buyer(first)
    store_orders(store, first, seller_id="anna")
    later = {"orderPaymentStatus": "PAID", "orderFulfillmentStatus": HTML, "buyer": {**first["buyer"], "username": BUYER["username"] + "2"}}
    second = {**first, **later, "lastModifiedDate": (LATER + timedelta(hours=1)).isoformat()}
    store_orders(store, second, seller_id="anna")
    put_document(store, "fulfillment", parcel("940011189922385599", shippingCarrierCode=HTML))
    put_document(store, "inventory", item(HTML, 7, product={"title": HTML, "description": HTML}), item("B-1", 0))
    store.open_alert(AlertKind.SET_ASIDE, f"documents are set aside {HTML}", "anna")
    store.save_overrides("anna", {"paused": HTML})
    return store


async def test_the_first_page_tells_who_is_polled_and_who_is_not_and_what_to_do(site: Site, store: Store) -> None:
    settle(store, 220)

    page = await site.page("/")

    states = {seller["seller_id"]: seller["state"] for seller in store.status.all()}
    tile = page.section("h-sellers")
    for state in set(states.values()):
        assert f"{list(states.values()).count(state)} {state.replace('_', ' ')}" in tile
    shown = re.findall(r'href="/sellers/([^"]+)">\1</a> <span class="state (\w+)', page.source)
    assert len(shown) == 50
    assert dict(shown).items() <= states.items()
    assert [GRAVITY.index(state) for _, state in shown] == sorted(GRAVITY.index(state) for _, state in shown)
    dead = next(seller for seller, state in states.items() if state == "needs_reauthorization")
    assert f"starter.py connect {dead} prints" in page.text
    assert "holiday until Monday" in page.text
    assert "quiet for 2 h: every 12 min" in page.text
    assert "93,120 of 100,000" in page.section("h-quota")
    assert "Temporal does not answer" in page.text


async def test_both_pages_tell_by_whom_a_seller_is_paused_and_until_when_and_of_a_speed_up(site: Site, store: Store) -> None:
    pause = {"reason": HTML, "until": "2100-01-01T08:00:00Z", "by": f"token:{HTML}"}
    speed_up = {"every_s": 30, "until": "2100-01-01T08:00:00Z", "by": f"os:{HTML}"}
    for seller in ("anna", "bert"):
        enroll(store, seller)
    store.save_overrides("anna", {"paused": HTML, "pause": pause})
    store.save_overrides("bert", {"speed_up": speed_up})
    by = " ".join(HTML.split())

    for path, words in {
        "/": f"paused until 2100-01-01 08:00 UTC by {by}: {HTML}",
        "/sellers/anna": f"paused until 2100-01-01 08:00 UTC by {by}: {HTML}",
        "/?state=polling": f"speeded up until 2100-01-01 08:00 UTC by {by}: every 30 s",
        "/sellers/bert": f"speeded up until 2100-01-01 08:00 UTC by {by}: every 30 s",
    }.items():
        page = await site.page(path)
        assert words in page.text, path
        assert HTML not in page.source

    one = await site.page("/sellers/anna")
    assert "Nothing: it ends by itself" in one.text
    assert "when the pause is over" in one.section("h-streams")
    assert "until somebody acts" not in one.text


async def test_the_figures_of_the_day_are_those_of_status(site: Site, store: Store) -> None:
    settle(store, 12)

    fleet, one = await site.page("/"), await site.page("/sellers/s-0001")

    expected = [seller["changes_24h"] for seller in store.status.all()]
    labels = [svg["aria-label"] for svg in fleet.all("svg")]
    of_sellers = [int(re.match(r"[\d,]+", label)[0].replace(",", "")) for label in labels[1:]]  # type: ignore[index]
    assert sum(of_sellers) == int(labels[0].split(" ")[0].replace(",", ""))
    assert sorted(of_sellers) == sorted(expected)
    assert f"{store.seller('s-0001')['changes_24h']} changes" in one.text


async def test_sellers_can_be_searched_filtered_and_paged(site: Site, store: Store) -> None:
    settle(store, 220)
    store.sellers.remove("s-0007")

    async def shown(path: str) -> list[str]:
        return re.findall(r'rowheader"><a href="/sellers/([^"]+)"', (await site.page(path)).source)

    assert await shown("/?find=S-0013") == ["s-0013"]
    assert await shown("/?state=removed") == ["s-0007"]
    assert await shown("/?state=paused") == ["s-0097", "s-0194"]
    assert await shown("/?state=nonsense&find=s-0007") == []
    assert await shown("/?after=removed:s-0007") == []
    for wrong in ("after=0", "after=asleep:s-0001", "before=polling:a/b", "before=polling:%00", f"find={'x' * 101}"):
        assert (await site.browser.get(f"/?{wrong}")).status_code == 422


async def test_a_seller_on_the_way_to_webhooks_shows_the_mode_and_the_last_comparison(site: Site, store: Store) -> None:
    for name in ("anna", "bert"):
        enroll(store, name)
    store.modes.set("anna", Mode.SHADOW)
    before = await site.page("/sellers/anna")
    store_orders(store, order(), seller_id="anna")
    store_orders(store, order(), seller_id="anna", source="notification")
    evaluate(store, "anna")

    after, fleet, other = await site.page("/sellers/anna"), await site.page("/"), await site.page("/sellers/bert")

    assert "In mode shadow since" in before.text
    assert "not yet compared" in before.text
    assert "1 seen by both 0 by polling only 0 by notifications only Not yet ready for webhooks: compared for 0 h of 7 days" in after.text
    assert fleet.text.count("in shadow") == 1
    assert "mode" not in other.text


async def test_a_sellers_page_shows_changes_before_and_after_polls_parcels_and_where_stock_comes_from(site: Site, busy: Store) -> None:
    page = await site.page("/sellers/anna")

    changes = page.section("changes")
    assert "order.updated o-1 version 2" in changes
    assert "orderPaymentStatus PENDING → PAID" in changes
    assert "fulfillment.created o-1/…5599" in changes
    assert "…5599" in page.section("parcels")
    assert re.search(r"B-1 – 0 the same – Inventory API, scan, \d", page.section("stock"))
    assert "orders" in page.section("polls")
    assert remedies.ALERTS["set_aside"] in page.section("h-alerts")
    assert "not until somebody acts" in page.section("h-streams")


async def test_no_page_shows_a_buyer_or_a_whole_tracking_number(site: Site, busy: Store) -> None:
    with busy.engine.connect() as connection:
        stored = connection.execute(text("SELECT data::text FROM sellerbeat.orders")).scalar_one()
    assert BUYER["email"] in stored

    for path in VIEWS:
        page = await site.page(path)
        for word in (*BUYER.values(), "tweety", "4711", "940011189922385599"):
            assert word.lower() not in page.source.lower().replace("localhost:8080", ""), (path, word)


async def test_what_strangers_wrote_stays_text(site: Site, busy: Store) -> None:
    for path in (*VIEWS, "/?find=" + HTML, "/sellers/anna?sku=" + HTML, "/sellers/anna?after=" + HTML, "/login?next=" + HTML):
        page = await site.page(path)

        assert [script for script in page.all("script") if "src" not in script] == [], path
        assert all(image["src"].startswith("/static/") for image in page.all("img")), path
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on") or name == "style"], path
    assert HTML in (await site.page("/sellers/anna")).text


async def test_every_answer_forbids_inline_scripts_framing_and_keeping(site: Site, busy: Store) -> None:
    for path in (*VIEWS, "/nowhere", "/v1/changes", "/healthz", "/sellers/carl"):
        headers = (await site.browser.get(path)).headers
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert (headers["x-frame-options"], headers["referrer-policy"]) == ("DENY", "same-origin")


async def test_a_keyboard_and_a_screen_reader_find_their_way(site: Site, busy: Store) -> None:
    for path in VIEWS:
        page = await site.page(path)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids)), path
        assert page.all("html")[0]["lang"] == "en"
        assert len(page.all("h1")) == len(page.all("main")) == 1
        labelled = {label["for"] for label in page.all("label")}
        fields = [one for tag in ("input", "select") for one in page.all(tag) if one.get("type") != "hidden"]
        assert {field["id"] for field in fields} <= labelled, path
        assert all({"scope", "role"} <= heading.keys() for heading in page.all("th"))
        assert all(svg["role"] == "img" and svg["aria-label"] for svg in page.all("svg"))
        references = {
            name for _, one in page.elements for name in (one.get("aria-labelledby", "") + " " + one.get("aria-describedby", "")).split()
        }
        assert references <= set(ids), path
        assert next(one["href"] for one in page.all("a")) == "#main"


async def test_unknown_sellers_and_routes_are_pages_with_their_code(site: Site) -> None:
    await site.login()
    for path in (
        "/sellers/carl",
        "/sellers/",
        "/sellers/" + "x" * 101,
        "/sellers/%3Cb%3E",
        "/sellers/a%00b",
        "/nowhere",
        "/static/nothing.css",
    ):
        answer = await site.browser.get(path)
        assert answer.status_code == 404, path
        assert Page(answer).all("h1"), path
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"):
        assert (await site.browser.get(path)).status_code == 404
    assert (await site.browser.put("/")).status_code == 405
    assert (await site.browser.get("/sellers/anna/pause")).status_code == 405
    for wrong in ("before=0", "before=x", f"after={'x' * 501}"):
        assert (await site.browser.get(f"/sellers/anna?{wrong}")).status_code == 422


async def test_older_changes_and_further_stock_are_a_link_away(site: Site, store: Store) -> None:
    settle(store, 1)

    path, changes, stock = "/sellers/s-0001", [], []
    while path:
        page = await site.page(path)
        changes += re.findall(r"03-14798-(\d+)</bdi>", page.source)
        path = next((one["href"] for one in page.all("a") if "before=" in one["href"]), "")
    path = "/sellers/s-0001"
    while path:
        page = await site.page(path)
        stock += re.findall(r"(SKU-\d+)</bdi>", page.source)
        path = next((one["href"] for one in page.all("a") if "view=stock" in one["href"] and "after=" in one["href"]), "")

    assert changes == [str(n) for n in range(50, 0, -1)]
    assert stock == sorted(f"SKU-{n}" for n in range(1, 51))
    assert re.findall(r'entity">(SKU-\d+)</bdi>', (await site.page("/sellers/s-0001?view=stock&sku=SKU-4")).source) == [
        "SKU-4",
        *(f"SKU-4{n}" for n in range(10)),
    ]


async def test_a_seller_is_overdue_when_the_next_poll_should_long_have_begun(site: Site, store: Store) -> None:
    settle(store, 3)
    with store.engine.begin() as connection:
        connection.execute(
            text("UPDATE sellerbeat.streams SET next_poll_at = :at WHERE seller_id = 's-0002'"),
            {"at": datetime.now(UTC) - timedelta(minutes=3)},
        )

    assert "1 poll is overdue" in (await site.page("/")).text


async def test_an_empty_house_says_how_to_begin(site: Site) -> None:
    page = await site.page("/")

    assert "starter.py enroll SELLER" in page.text
    assert "No open alerts." in page.text


@pytest.mark.parametrize("path", ["/", "/sellers/anna", "/v1/changes"])
async def test_tables_of_another_version_are_said(open_site: Callable[..., Site], empty_database: str, path: str) -> None:
    from tests.web.site import KEY, NOBODY

    store = Store.connect(empty_database, [KEY])
    site = Site(store, NOBODY, token=None)
    answer = await site.browser.get(path)
    await site.close()
    store.close()

    assert answer.status_code == 503
    assert "run starter.py migrate" in answer.text


async def test_a_first_poll_that_takes_long_is_told_since_when_and_raises_no_banner(site: Site, store: Store) -> None:
    enroll(store, "slow")
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.sellers SET enrolled_at = now() - interval '4 minutes' WHERE seller_id = 'slow'")

    fleet, status = await site.page("/?find=slow"), store.seller("slow")

    assert "first poll under way since 4 min ago" in fleet.text
    assert "overdue" not in fleet.text
    assert status["state"] == "polling"
    assert status["streams"]["orders"]["why"].startswith("first poll under way since 20")
