"""Whatever is typed into an address or sent as a form: a page with the right 4xx and one clear line, never a 500, and nothing is stored."""

from __future__ import annotations

from typing import Any

import pytest

from store import Store
from store.schema.tables import LARGEST_ID
from tests.api.test_wrong_input import stored
from tests.store.documents import enroll
from tests.web.site import Page, Site

FORM = "application/x-www-form-urlencoded"
HUGE = 10**30
ADDRESSES: list[tuple[str, int]] = [
    ("/?after=0", 422),
    ("/?after=asleep:anna", 422),
    ("/?after=polling:a%2Fb", 422),
    ("/?before=polling:%00", 422),
    (f"/?after=polling:{'x' * 101}", 422),
    (f"/?find={'x' * 101}", 422),
    (f"/sellers/anna?before={HUGE}", 422),
    ("/sellers/anna?before=-1", 422),
    ("/sellers/anna?before=1.5", 422),
    ("/sellers/anna?after=%00", 422),
    ("/sellers/anna?sku=%00", 422),
    (f"/sellers/anna?sku={'x' * 101}", 422),
    ("/sellers/carl", 404),
    (f"/sellers/{'x' * 101}", 404),
    ("/sellers/a%00b", 404),
    ("/sellers/%FF", 404),
    ("/audit?seller=a%2Fb", 422),
    ("/audit?author=%00", 422),
    ("/audit?action=DROP%20TABLE", 422),
    ("/audit?before=0", 422),
    (f"/audit?before={LARGEST_ID + 1}", 422),
    ("/audit?before=latest", 422),
    ("/find?q=%00", 422),
    ("/find?q=%20", 422),
    (f"/find?q={'x' * 201}", 422),
    ("/nowhere", 404),
    ("/%00", 404),
    ("/static/%00", 404),
    ("/tokens/tok-1/revoke", 405),
    ("/links", 405),
]
# Where, what is sent (a dict: a form with our token), as which type, and the status.
FORMS: list[tuple[str, Any, str, int]] = [
    ("/links", {"seller": "a\x00b"}, FORM, 422),
    ("/links", {}, FORM, 422),
    ("/links", {"seller": "x" * 9000}, FORM, 413),
    ("/links", b"seller=%FF", FORM, 422),
    ("/links", "seller=\u00e4".encode(), FORM, 422),
    ("/links", b"seller", FORM, 422),
    ("/links", b"&".join([b"a=1"] * 30), FORM, 422),
    ("/links", b'{"seller": "anna"}', "application/json", 415),
    ("/links", b"", "text/plain", 415),
    ("/tokens", {"name": "a\x00b", "scope": "feed", "expires": "30d"}, FORM, 422),
    ("/tokens", {"name": "shop", "scope": "feed\x00", "expires": "30d"}, FORM, 422),
    ("/tokens", {"name": "shop", "scope": "feed", "expires": f"{HUGE}d"}, FORM, 422),
    ("/tokens", {"name": "shop", "scope": "feed", "expires": "30d", "sellers": "a\x00b"}, FORM, 422),
    ("/tokens", {"name": "shop"}, FORM, 422),
    ("/tokens/tok-none/revoke", {}, FORM, 404),
    ("/tokens/%00/revoke", {}, FORM, 404),
    ("/sellers/anna/pause", {"reason": "x" * 201}, FORM, 422),
    ("/sellers/anna/pause", {"reason": "lunch", "for": "1y"}, FORM, 422),
    ("/sellers/anna/speed-up", {"every": "0s", "for": "1h"}, FORM, 422),
    ("/sellers/anna/speed-up", {"every": "30s", "for": "-1h"}, FORM, 422),
    ("/sellers/anna/erase", {}, FORM, 404),
    ("/sellers/carl/pause", {"reason": "lunch"}, FORM, 404),
    ("/sellers/a%00b/pause", {"reason": "lunch"}, FORM, 404),
    ("/endpoints/ep-none/enable", {}, FORM, 404),
    ("/endpoints/%00/enable", {}, FORM, 404),
    ("/endpoints/ep-none/explode", {}, FORM, 404),
    ("/endpoints/ep-none/replay", {"from": str(HUGE)}, FORM, 422),
    ("/endpoints/ep-none/replay", {"from": "-1"}, FORM, 422),
    ("/endpoints/ep-none/replay", {"from": "\u0663"}, FORM, 422),
    ("/endpoints/ep-none/replay", {"seller": "a/b"}, FORM, 422),
    ("/endpoints/ep-none/replay", {}, FORM, 422),
]


@pytest.fixture
async def inside(site: Site, store: Store) -> Site:
    enroll(store, "anna")
    await site.login()
    return site


def is_a_page_of_one_line(page: Page, status: int) -> None:
    assert (page.answer.status_code, page.answer.headers["content-type"]) == (status, "text/html; charset=utf-8"), page.text
    assert len(page.all("h1")) == 1
    assert "Traceback" not in page.source
    assert "\x00" not in page.source


@pytest.mark.parametrize(("address", "status"), ADDRESSES)
async def test_a_wrong_address_is_a_page_that_says_so(inside: Site, store: Store, address: str, status: int) -> None:
    before = stored(store)

    is_a_page_of_one_line(Page(await inside.browser.get(address)), status)

    assert stored(store) == before


@pytest.mark.parametrize(("address", "sent", "kind", "status"), FORMS, ids=lambda one: str(one)[:30])
async def test_a_wrong_form_is_a_page_that_says_so_and_nothing_is_done(
    inside: Site, store: Store, address: str, sent: Any, kind: str, status: int
) -> None:
    token = (await inside.page("/tokens")).forms["/tokens"]["form_token"]
    before = stored(store)

    if isinstance(sent, dict):
        answer = await inside.browser.post(address, data={**sent, "form_token": token})
    else:
        answer = await inside.browser.post(address, content=sent, headers={"Content-Type": kind})

    is_a_page_of_one_line(Page(answer), status)
    assert stored(store) == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
async def test_no_page_takes_another_method(inside: Site, method: str) -> None:
    for address in ("/", "/sellers/anna", "/find", "/tokens", "/audit", "/endpoints"):
        is_a_page_of_one_line(Page(await inside.browser.request(method, address)), 405)


def test_there_are_enough_of_each() -> None:
    assert len(ADDRESSES) + len(FORMS) > 60
