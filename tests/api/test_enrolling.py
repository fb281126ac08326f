"""Sellers enrolled and connected over HTTP; with a real Temporal and a simulated eBay."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

from activities.fleet.dead_tokens import DeadTokens
from activities.polling.tokens import StoredTokens
from domain.scopes import Scope
from operations.enrolment import EnrolmentOptions
from simulator.server import Simulator
from store import Store
from tests.api.worked import acts, caller, signalled
from tests.support.dying import client_of_a_dead_temporal
from tests.support.waiting import eventually
from tests.web.consenting import Consent
from tests.web.site import Site, refused
from tests.workflows.fakes import polling_worker

ADMIN = "token:ADMIN_TOKEN"
NEVER = "v^1.1#never-given"


@pytest.fixture
def opened(it: Consent, open_site: Callable[..., Site], ebay: Simulator, temporal_address: str) -> Callable[..., Site]:
    """Opens a site with keys for the simulated eBay, and a task queue of its own."""
    accounts = it.world.accounts

    def open_it(**more: Any) -> Site:
        keys = {"ebay_client_id": accounts.client_id, "ebay_client_secret": accounts.client_secret, "ebay_api_url": ebay.url}
        usual = {"ebay_apiz_url": ebay.url, "task_queue": f"api-{uuid4().hex[:8]}"}
        return open_site(temporal_address, **(keys | usual | more))

    return open_it


@pytest.fixture
async def manned(opened: Callable[..., Site], temporal: Client) -> AsyncIterator[Site]:
    """Such a site with a worker, whose steps are fakes."""
    site = opened()
    async with polling_worker(temporal, site.context.settings.task_queue):
        await eventually(lambda: site.context.has_worker(temporal))
        yield site


async def put(site: Site, seller: str, token: str, **body: Any) -> tuple[int, Any]:
    answer = await site.program.put(f"/v1/sellers/{seller}", json={"refresh_token": token, **body})
    assert token not in answer.text
    return answer.status_code, answer.json()


async def test_a_seller_is_enrolled_once_and_then_connected(manned: Site, it: Consent, store: Store, temporal: Client) -> None:
    token = it.world.refresh_token("anna")
    settings = {"cadences": {"orders": "45s", "inventory": "2h"}, "backfill": "7d", "inventory_source": "both", "offers": True}
    first = await put(manned, "s-1", token, **settings)
    renewed = it.world.accounts.renew("anna")
    again = await put(manned, "s-1", f'{{"refresh_token": "{renewed}"}}', cadences={"orders": "1m"})

    assert first == (201, {"seller_id": "s-1", "result": "is enrolled", "worker": True, "new": True})
    assert again == (200, {"seller_id": "s-1", "result": "is connected: polling goes on from the cursor", "worker": True, "new": False})
    assert it.token() == renewed
    (row,) = it.rows("sellers")
    assert row["options"] | {"backfill_from": ""} == {
        "cadence": {"orders": 45, "inventory": 7200, "listings": 7200},
        "inventory_source": "both",
        "offers": True,
        "backfill_from": "",
    }
    after = {
        "cadences_s": {"orders": 45, "inventory": 7200, "listings": 7200},
        "backfill_s": 604800,
        "inventory_source": "both",
        "offers": True,
    }
    assert acts(store, "s-1") == [(ADMIN, "seller.enroll", None, after, "done"), (ADMIN, "seller.connect", None, None, "done")]
    assert {name for name, _ in await signalled(temporal, "s-1")} == {"connected"}


async def test_a_seller_is_read_back_to_another_pollers_last_poll_and_a_day_further(opened: Callable[..., Site], it: Consent) -> None:
    last = datetime.now(UTC) - timedelta(days=2)
    await put(opened(), "s-1", it.world.refresh_token("anna"), last_poll_at=f"{last:%Y-%m-%dT%H:%M:%S}")

    (row,) = it.rows("sellers")
    begun = datetime.fromisoformat(row["options"]["backfill_from"])
    assert abs(begun - (last - timedelta(days=1))) < timedelta(minutes=1)


async def test_without_a_worker_it_is_stored_and_202(opened: Callable[..., Site], it: Consent, store: Store) -> None:
    status, answer = await put(opened(), "s-1", it.world.refresh_token("anna"))

    assert (status, answer["worker"], answer["new"]) == (202, False, True)
    assert store.enrolled() == ["s-1"]


async def test_what_ebay_refuses_is_422_and_leaves_nothing(opened: Callable[..., Site], it: Consent, store: Store) -> None:
    site, token = opened(), it.world.refresh_token("anna")
    refusals = [await put(site, "s-1", NEVER), await put(site, "s-1", token, scopes=["https://everything"])]

    assert [(status, answer["code"]) for status, answer in refusals] == [(422, "token_refused")] * 2
    assert [row[4] for row in acts(store, "s-1")] == ["failed"] * 2
    assert (it.rows("sellers"), it.rows("tokens")) == ([], [])


async def test_an_ebay_that_is_away_is_503_and_keys_that_it_refuses_502(opened: Callable[..., Site], it: Consent) -> None:
    token = it.world.refresh_token("anna")
    answers = [
        await put(opened(ebay_api_url="http://127.0.0.1:1", ebay_timeout="1s"), "s-1", token),
        await put(opened(ebay_client_secret="wrong"), "s-1", token),
        await put(opened(ebay_client_secret=None), "s-1", token),
    ]

    assert [(status, answer["code"]) for status, answer in answers] == [(503, "ebay_away"), (502, "ebay_refused"), (503, "not_configured")]
    assert (it.rows("sellers"), it.rows("tokens")) == ([], [])


async def test_without_temporal_nothing_is_stored(opened: Callable[..., Site], it: Consent, open_site: Callable[..., Site]) -> None:
    accounts = it.world.accounts
    site = open_site(ebay_client_id=accounts.client_id, ebay_client_secret=accounts.client_secret, ebay_api_url=it.ebay.url)

    assert (await put(site, "s-1", it.world.refresh_token("anna")))[0] == 503
    assert it.rows("tokens") == []


async def test_what_is_stored_is_202_though_temporal_dies_behind_it_and_the_watchdog_tells_the_workflow(
    opened: Callable[..., Site], it: Consent, store: Store, temporal: Client, temporal_address: str
) -> None:
    site = opened()
    site.context._line._client = await client_of_a_dead_temporal(temporal_address)

    first = await put(site, "s-1", it.world.refresh_token("anna"))
    token = it.world.accounts.renew("anna")
    again = await site.program.post("/v1/sellers/s-1/reauthorize", json={"refresh_token": token})

    assert first == (202, {"seller_id": "s-1", "result": "is enrolled", "worker": False, "new": True})
    assert (again.status_code, again.json()["worker"], it.token()) == (202, False, token)
    assert [(row[1], row[4]) for row in acts(store, "s-1")] == [("seller.enroll", "done"), ("seller.connect", "done")]
    assert store.tokens.trials.revived() == [("s-1", 2)]
    await DeadTokens(StoredTokens(store, None), temporal).wake()  # type: ignore[arg-type]
    assert store.tokens.trials.revived() == []


async def test_a_removal_is_done_though_temporal_dies_behind_it_and_says_what_is_left(
    steered: Site, store: Store, temporal: Client, temporal_address: str
) -> None:
    for seller in ("anna", "bert"):
        await steered.program.post(f"/v1/sellers/{seller}/poll-now")
    alive = await steered.context.temporal()
    steered.context._line._client = await client_of_a_dead_temporal(temporal_address)

    removed = await steered.program.delete("/v1/sellers/anna")
    erased = await steered.program.delete("/v1/sellers/bert?erase=true")

    for answer, seller, erase in ((removed, "anna", False), (erased, "bert", True)):
        body = answer.json()
        assert "ends by itself at its next step" in body.pop("left")
        assert (answer.status_code, body) == (200, {"seller_id": seller, "state": "removed", "erased": erase})
        assert acts(store, seller)[-1][4] == "done"
        assert await signalled(temporal, seller) != []
    assert store.enrolled() == []
    steered.context._line._client = alive
    again = [await steered.program.delete(path) for path in ("/v1/sellers/anna", *["/v1/sellers/bert?erase=true"] * 2)]
    assert [one.status_code for one in again] == [200, 200, 404]
    assert [await signalled(temporal, seller) for seller in ("anna", "bert")] == [[], []]


async def test_a_token_of_another_account_is_409(manned: Site, it: Consent) -> None:
    anna, bert = it.world.refresh_token("anna"), it.world.refresh_token("bert")
    assert (await put(manned, "s-1", anna))[0] == 201
    assert (await put(manned, "s-2", bert))[0] == 201

    refusals = [
        await put(manned, "s-3", it.world.accounts.renew("anna")),
        await put(manned, "s-1", bert),
    ]
    posted = await manned.program.post("/v1/sellers/s-1/reauthorize", json={"refresh_token": bert})

    assert [(status, answer["code"]) for status, answer in refusals] == [(409, "account_taken"), (409, "wrong_account")]
    assert (posted.status_code, posted.json()["code"]) == (409, "wrong_account")
    assert "s-3" not in [row["seller_id"] for row in it.rows("sellers")]
    assert "s-1" not in refusals[0][1]["detail"]
    assert [answer.get("taken_by") for _, answer in refusals] == ["s-1", None]


async def test_who_has_an_account_is_not_told_to_a_token_that_is_narrowed(opened: Callable[..., Site], it: Consent, store: Store) -> None:
    site = opened()
    assert (await put(site, "shop-1", it.world.refresh_token("anna")))[0] == 202

    async with caller(site, store, Scope.CONTROL, "own") as narrowed:
        answer = await narrowed.put("/v1/sellers/own", json={"refresh_token": it.world.accounts.renew("anna")})

    assert "enrolled as another seller already" in refused(answer, 409)
    assert answer.json()["code"] == "account_taken"
    assert "shop-1" not in answer.text


async def test_a_new_consent_revives_an_enrolled_seller_alone(manned: Site, it: Consent, store: Store) -> None:
    await put(manned, "s-1", it.world.refresh_token("anna"))
    renewed = {"refresh_token": it.world.accounts.renew("anna"), "refresh_token_expires": "2099-01-01"}

    answer = await manned.program.post("/v1/sellers/s-1/reauthorize", json=renewed)
    nobody = await manned.program.post("/v1/sellers/s-9/reauthorize", json=renewed)

    assert (answer.status_code, answer.json()["new"], it.token()) == (200, False, renewed["refresh_token"])
    assert (await manned.program.get("/v1/sellers/s-1")).json()["token_ends_at"] == "2099-01-01T00:00:00.000Z"
    assert nobody.status_code == 404


async def test_no_token_is_found_anywhere_but_sealed(opened: Callable[..., Site], it: Consent, caplog: pytest.LogCaptureFixture) -> None:
    site, token = opened(), it.world.refresh_token("anna")
    bodies: list[dict[str, Any]] = [{"refresh_token": token}, {"refresh_token": token, "offers": 7}, {"refresh_token": [token]}]
    bodies += [{"refresh_token": NEVER}, {"refresh_token": f"refresh_token={token}&x=%%%"}, {token: 1}]
    program, path = site.program, "/v1/sellers/s-1"
    answers = [await program.put(path, json=body, headers={"Idempotency-Key": str(key)}) for key, body in enumerate(bodies)]

    dumped = str([it.rows(table) for table in ("audit", "idempotency_keys", "sellers", "tokens")])
    for secret in (token, NEVER):
        assert secret not in dumped
        assert secret not in caplog.text
        assert secret not in "".join(one.text for one in answers[:-1])
    assert [one.status_code for one in answers[:4]] == [202, 422, 422, 422]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"refresh_token": ""},
        {"refresh_token": None},
        {"refresh_token": "x" * 30_000},
        {"refresh_token": "v^1.1#i\ud800"},
        {"refresh_token": '{"a":' * 900 + "1" + "}" * 900},
        {"refresh_token": "[" * 900 + "]" * 900},
        {"refresh_token": NEVER, "backfill": "800d"},
        {"refresh_token": NEVER, "backfill": 7},
        {"refresh_token": NEVER, "last_poll_at": "yesterday"},
        {"refresh_token": NEVER, "last_poll_at": 1764000000},
        {"refresh_token": NEVER, "last_poll_at": "2001-01-01T00:00:00Z"},
        {"refresh_token": NEVER, "last_poll_at": "9999-12-31T23:59:59-14:00"},
        {"refresh_token": NEVER, "last_poll_at": "LAST", "backfill": "7d"},
        {"refresh_token": NEVER, "cadences": {"orders": "0.1s"}},
        {"refresh_token": NEVER, "cadences": {"sweep": "1h"}},
        {"refresh_token": NEVER, "scopes": ["a b"]},
        {"refresh_token": NEVER, "scopes": {}},
        {"refresh_token": NEVER, "scopes": [NEVER]},
        {"refresh_token": NEVER, "scopes": f"https://a, {NEVER}"},
        {"refresh_token": NEVER, "scopes": "a\u0000"},
        {"refresh_token": NEVER, "inventory_source": "trading", "offers": True},
        {"refresh_token": NEVER, "inventory_source": "ebay"},
        {"refresh_token": NEVER, "refresh_token_expires": "2001-01-01"},
        {"refresh_token": NEVER, "refresh_token_expires": 99999999999},
        {"refresh_token": NEVER, "more": 1},
    ],
)
async def test_a_wrong_enrolment_is_422_and_asks_nobody(steered: Site, store: Store, body: Any) -> None:
    last = datetime.now(UTC).isoformat(timespec="seconds")
    content = json.dumps(body).replace("LAST", last).encode()
    answer = await steered.program.put("/v1/sellers/s-1", content=content, headers={"content-type": "application/json"})

    refused(answer, 422)
    assert "never-given" not in answer.text
    assert store.audit.read() == []


def test_what_is_no_scope_stands_in_no_audit() -> None:
    options = EnrolmentOptions(scopes=f"{NEVER} https://api.ebay.com/oauth/api_scope")

    assert options.audited()["scopes"] == ["https://api.ebay.com/oauth/api_scope"]
