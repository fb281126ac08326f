"""Links and access tokens over HTTP: an app connects a seller by link, and calls eBay itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from domain.scopes import Scope
from ebay.consent import SCOPES
from serving.context import THREADS
from store import Store
from tests.api.worked import acts, caller
from tests.store.documents import enroll
from tests.support.waiting import PATIENCE_S, eventually
from tests.web.consenting import Consent
from tests.web.site import Site, refused

APP = "https://app.example.com"


@pytest.fixture
def opened(it: Consent) -> Site:
    """The consent's site, with an app's origin."""
    it.site.context.settings = it.site.context.settings.model_copy(update={"return_origins": APP})
    return it.site


@pytest.fixture
async def app(opened: Site, store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(opened, store, Scope.CONTROL, ebay=True) as program:
        yield program


async def test_a_seller_consents_by_the_link_comes_back_and_the_app_reads_an_order(
    app: httpx.AsyncClient, it: Consent, store: Store
) -> None:
    body = {"return_to": f"{APP}/back", "app": "Shop Helper", "valid_for": "1h", "orders_every": "45s", "backfill": "7d", "offers": True}
    made = await app.post("/v1/sellers/s-1/link", json=body)
    came_back = await it.back(it.answer(made.json()["url"]))
    given = await app.post("/v1/sellers/s-1/token", json={"calls": {"orders": 2}})
    order = it.world.place_order("anna")

    assert (made.status_code, made.headers["cache-control"]) == (200, "no-store")
    assert came_back.headers["location"] == f"{APP}/back?sellerbeat=connected&seller=s-1"
    token = given.json()
    said = httpx.get(
        f"{token['api_url']}/sell/fulfillment/v1/order/{order}",
        headers={"Authorization": f"Bearer {token['access_token']}"},
        timeout=PATIENCE_S,
    )
    assert said.json()["orderId"] == order
    assert (token["calls"], token["expires_at"][-1], given.headers["cache-control"]) == ({"orders": 2}, "Z", "no-store")
    (row,) = it.rows("sellers")
    assert (row["options"]["cadence"], row["options"]["offers"]) == ({"orders": 45}, True)
    rows = acts(store, "s-1")
    assert [(author, action, outcome) for author, action, _, _, outcome in rows] == [
        ("token:control0", "seller.link", "done"),
        ("token:control0", "seller.enroll", "done"),
        ("token:control0", "seller.token", "done"),
    ]
    dumped = str([it.rows(table) for table in ("audit", "idempotency_keys")])
    assert token["access_token"] not in dumped
    assert "state=" not in dumped


async def test_an_answer_with_a_secret_is_given_once(app: httpx.AsyncClient, it: Consent) -> None:
    await it.consents(it.link())
    for path in ("link", "token"):
        answers = [await app.post(f"/v1/sellers/s-1/{path}", headers={"Idempotency-Key": path}) for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 409], path
        assert answers[1].json()["code"] == "done_already"
    dumped = str(it.rows("idempotency_keys"))
    assert "v^1" not in dumped
    assert "http" not in dumped


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("link", {"return_to": "https://evil.example/back"}, "return_refused"),
        ("link", {"return_to": f"{APP}.evil.example"}, "return_refused"),
        ("link", {"return_to": "javascript:alert(1)"}, "return_refused"),
        ("link", {"return_to": f"{APP}/back", "app": "a\nb"}, "return_refused"),
        ("link", {"return_to": 7}, "invalid"),
        ("link", {"app": "\u0000"}, "invalid"),
        ("link", {"valid_for": "31d"}, "invalid"),
        ("link", {"offers": True, "inventory_source": "trading"}, "invalid"),
        ("link", {"more": 1}, "invalid"),
        ("token", {"scopes": ["https://api.ebay.com/oauth/api_scope/buy.order"]}, "scope_missing"),
        ("token", {"scopes": ["v^1.1#token"]}, "invalid"),
        ("token", {"scopes": SCOPES[1]}, "invalid"),
        ("token", {"calls": {"everything": 1}}, "invalid"),
        ("token", {"calls": {"orders": -1}}, "invalid"),
        ("token", {"calls": {"orders": True}}, "invalid"),
        ("token", {"calls": {"orders": 1e300}}, "invalid"),
        ("token", {"calls": {"orders": 10_001}}, "invalid"),
    ],
)
async def test_what_cannot_be_given_is_422_and_says_why(app: httpx.AsyncClient, it: Consent, path: str, body: Any, code: str) -> None:
    await it.consents(it.link())
    before = len(it.rows("consents"))

    answer = await app.post(f"/v1/sellers/s-1/{path}", json=body)

    refused(answer, 422)
    assert answer.json()["code"] == code
    assert len(it.rows("consents")) == before


async def test_who_may_have_a_token_and_who_is_there_to_give_one(app: httpx.AsyncClient, opened: Site, it: Consent, store: Store) -> None:
    await it.consents(it.link())
    enroll(store, "s-2")
    store.sellers.remove("s-2")
    async with (
        caller(opened, store, Scope.ADMIN) as admin,
        caller(opened, store, Scope.FEED, "s-1", ebay=True) as own,
        caller(opened, store, Scope.READ, ebay=True) as read,
    ):
        refused(await admin.post("/v1/sellers/s-1/token"), 403)
        assert (await own.post("/v1/sellers/s-1/token")).status_code == 200
        refused(await own.post("/v1/sellers/s-2/token"), 404)
        refused(await own.post("/v1/sellers/s-1/link"), 403)
        refused(await read.post("/v1/sellers/s-1/link"), 403)
    answers = [await app.post(f"/v1/sellers/{seller}/token") for seller in ("s-2", "nobody")]
    too_many = await app.post("/v1/sellers/s-1/token", json={"calls": {"trading": 10_000}})

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "no_token"), (404, "unknown_seller")]
    assert (too_many.status_code, too_many.json()["code"], int(too_many.headers["retry-after"]) > 0) == (429, "quota", True)


async def test_too_many_choices_of_scopes_are_429_with_when(app: httpx.AsyncClient, opened: Site, it: Consent) -> None:
    await it.consents(it.link())
    opened.context.seller_tokens.minted["s-1"] = [datetime.now(UTC)] * 10

    answer = await app.post("/v1/sellers/s-1/token", json={"scopes": [SCOPES[1]]})

    assert "10 tokens an hour" in refused(answer, 429)
    assert answer.json()["code"] == "too_many_tokens"
    assert 3500 < int(answer.headers["retry-after"]) <= 3600


async def test_one_seller_for_whom_ebay_hangs_leaves_room_for_the_others(
    app: httpx.AsyncClient, opened: Site, it: Consent, store: Store
) -> None:
    """Whoever waits for the seller's lock has no thread: of four that call out, one is in use."""
    await it.consents(it.link("s-1"))
    await it.consents(it.link("s-2"), "bert")
    context = opened.context

    async with asyncio.TaskGroup() as group:
        with store.tokens.locked("s-1"):  # as somebody has who is at eBay
            waiting = [group.create_task(app.post("/v1/sellers/s-1/token")) for _ in range(2 * THREADS)]
            await eventually(lambda: context.outside.borrowed_tokens == 1)
            other = await app.post("/v1/sellers/s-2/token")
            in_use = context.outside.borrowed_tokens

    assert (other.status_code, in_use) == (200, 1)
    assert {one.result().status_code for one in waiting} == {200}


async def test_without_keys_there_is_neither_link_nor_token(site: Site, store: Store) -> None:
    enroll(store, "s-1")

    answers = [await site.program.post(f"/v1/sellers/s-1/{path}") for path in ("link", "token")]

    assert [one.status_code for one in answers] == [503, 503]
    assert "SELLERBEAT_EBAY_CLIENT_ID" in answers[0].text
