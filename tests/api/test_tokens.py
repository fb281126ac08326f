"""Tokens over HTTP: who may make which, that one is shown once, and that a revoked one is good for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from domain.scopes import Scope
from serving.callers import KNOWN_FOR_S, Callers
from store import Store
from store.access.api_tokens import MOST, ApiToken
from tests.api.worked import token
from tests.store.documents import enroll
from tests.support.waiting import eventually
from tests.web.site import Site, refused
from tests.web.test_feed import sell

ASKED = {"name": "shop", "scope": "read", "sellers": ["anna", "bert"], "expires": "90d"}
IN_TIME_S = 10.0  # far less than the 60 s for which one asks to wait


async def make(site: Site, **fields: Any) -> httpx.Response:
    return await site.program.post("/v1/tokens", json={**ASKED, **fields})


async def test_a_token_is_shown_once_works_as_far_as_its_scope_goes_and_stands_in_the_audit(site: Site, store: Store) -> None:
    enroll(store, "anna")
    made = await make(site, sellers=["anna"])
    listed = await site.program.get("/v1/tokens")
    (act,) = store.audit.read(action="token.*")
    async with site.visitor(Authorization=f"Bearer {made.json()['token']}") as shop:
        reads = await shop.get("/v1/changes?seller=anna")
        writes = await shop.post("/v1/tokens", json=ASKED)
    (used,) = (await site.program.get("/v1/tokens")).json()["tokens"]

    body = made.json()
    terms = {"name": "shop", "scope": "read", "ebay": False, "sellers": ["anna"], "expires_at": body["expires_at"]}
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    assert body == {"id": body["id"], "token": body["token"], **terms}
    assert timedelta(days=89) < datetime.fromisoformat(body["expires_at"]) - datetime.now(UTC) < timedelta(days=91)
    assert body["token"] not in listed.text + str(store.audit.read())
    (row,) = listed.json()["tokens"]
    assert row.items() >= {"id": body["id"], "state": "active", "created_by": "token:ADMIN_TOKEN", "last_used_at": None, **terms}.items()
    assert (act["author"], act["action"], act["subject"]) == ("token:ADMIN_TOKEN", "token.create", body["id"])
    assert (act["before"], act["after"], act["outcome"]) == (None, terms, "done")
    assert (reads.status_code, writes.status_code) == (200, 403)
    assert used["last_used_at"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_only_a_token_of_scope_admin_for_all_sellers_does_anything_with_tokens(site: Site, store: Store, method: str) -> None:
    path = "/v1/tokens/reader" if method == "DELETE" else "/v1/tokens"
    body = ASKED if method == "POST" else None
    weak = [token(store, scope, name=scope.value) for scope in (Scope.FEED, Scope.READ, Scope.CONTROL)]
    weak.append(token(store, Scope.ADMIN, "anna", name="narrow"))
    token(store, Scope.READ, name="reader")
    before = store.api_tokens.all()
    for headers in weak:
        async with site.visitor(**headers) as app:
            refusal = await app.request(method, path, json=body)
            assert refused(refusal, 403)
            assert refusal.json()["code"] == "scope_lacking"
    async with site.visitor() as stranger:
        refused(await stranger.request(method, path, json=body), 401)

    assert [(row["id"], row["state"]) for row in store.api_tokens.all()] == [(row["id"], row["state"]) for row in before]
    assert store.audit.read(action="token.*") == []


async def test_no_token_gives_ebays_tokens_on_that_may_not_have_them(site: Site, store: Store) -> None:
    async with (
        site.visitor(**token(store, Scope.ADMIN, name="plain")) as plain,
        site.visitor(**token(store, Scope.ADMIN, name="with-ebay", ebay=True)) as able,
    ):
        refused(await plain.post("/v1/tokens", json={**ASKED, "ebay": True}), 403)
        made = await able.post("/v1/tokens", json={**ASKED, "ebay": True})

    assert (made.status_code, made.json()["ebay"]) == (201, True)
    assert store.audit.read(action="token.*")[0]["author"] == "token:with-ebay"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"name": "two words"},
        {"name": "a\u0000b"},
        {"name": "ADMIN_TOKEN"},  # whose acts stand under this name
        {"name": "tok-0123456789ab"},  # would be taken for an id
        {"scope": "root"},
        {"scope": None},
        {"sellers": []},  # a list that happens to be empty must not open everything
        {"sellers": ["a b"]},
        {"sellers": ["s"] * 1001},
        {"sellers": "anna"},
        {"ebay": "yes"},
        {"expires": "30s"},
        {"expires": "3651d"},
        {"expires": "soon"},
        {"expires": 90},
        {"token": "mine"},
    ],
)
async def test_a_token_that_cannot_be_is_refused_in_one_line(site: Site, store: Store, fields: dict[str, Any]) -> None:
    assert refused(await make(site, **fields), 422)
    assert store.api_tokens.all() == []


async def test_a_name_is_free_again_once_its_token_is_revoked_or_at_its_end(site: Site, store: Store) -> None:
    first = (await make(site)).json()["id"]
    assert "shop" in refused(await make(site), 409)
    revoked = await site.program.delete("/v1/tokens/shop")
    second = (await make(site)).json()["id"]
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.api_tokens SET expires_at = now() WHERE id = :id"), {"id": second})
    third = (await make(site)).json()["id"]
    by_name = await site.program.delete("/v1/tokens/shop")

    assert revoked.json() == {"id": first, "name": "shop", "state": "revoked"}
    assert by_name.json()["id"] == third
    states = {row["id"]: row["state"] for row in (await site.program.get("/v1/tokens")).json()["tokens"]}
    assert states == {first: "revoked", second: "expired", third: "revoked"}


@pytest.mark.parametrize("which", ["tok-0123456789ab", "nobody"])
async def test_what_is_not_there_is_not_revoked(site: Site, store: Store, which: str) -> None:
    refused(await site.program.delete(f"/v1/tokens/{which}"), 404)
    assert store.audit.read() == []


async def test_more_tokens_than_a_list_can_show_are_not_made(site: Site, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO sellerbeat.api_tokens (id, name, scope, ebay, hash, created_at, created_by)
                SELECT 'tok-' || n, 'n' || n, 'feed', false, CAST(CAST(n AS text) AS bytea), now(), 'os:x' FROM generate_series(1, :most) n
            """),
            {"most": MOST},
        )

    assert "revoke" in refused(await make(site), 409)
    assert len((await site.program.get("/v1/tokens")).json()["tokens"]) == MOST
    assert store.audit.read()[0]["outcome"] == "failed"


async def test_who_asks_again_under_the_same_key_makes_no_second_token_and_sees_none(site: Site, store: Store) -> None:
    answers = [await site.program.post("/v1/tokens", json=ASKED, headers={"Idempotency-Key": "once"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409], answers[1].text
    assert answers[1].json()["code"] == "done_already"
    assert len(store.api_tokens.all()) == 1


async def test_a_token_that_is_revoked_while_it_waits_is_answered_at_once_and_gets_nothing(site: Site, store: Store) -> None:
    enroll(store, "anna")
    sell(store, "anna", 1)
    last = store.feed.last()
    async with site.visitor(**token(store, Scope.FEED)) as app:
        waiting = asyncio.create_task(app.get(f"/v1/changes?after={last}&wait=60s"))
        await eventually(lambda: bool(site.context.change_waiter._bells))
        revoked = await site.program.delete("/v1/tokens/app")
        answer = await asyncio.wait_for(waiting, IN_TIME_S)

    assert revoked.status_code == 200
    refused(answer, 401)


async def test_a_token_that_another_process_revoked_gets_nothing_two_seconds_later(site: Site, store: Store) -> None:
    enroll(store, "anna")
    sell(store, "anna", 1)
    last, now = store.feed.last(), [0.0]

    def find(given: str) -> Awaitable[ApiToken | None]:
        return site.context.ask(store.api_tokens.find, given)

    site.context.callers = Callers(site.context.access, find, lambda: site.context.ask(store.api_tokens.hashes), lambda: now[0])
    async with site.visitor(**token(store, Scope.FEED)) as app:
        waiting = asyncio.create_task(app.get(f"/v1/changes?after={last}&wait=1s"))
        await eventually(lambda: bool(site.context.change_waiter._bells))
        store.api_tokens.revoke("app")
        now[0] += KNOWN_FOR_S
        answer = await asyncio.wait_for(waiting, IN_TIME_S)
        sell(store, "anna", 2)
        later = await app.get(f"/v1/changes?after={last}")

    refused(answer, 401)
    refused(later, 401)


async def test_a_token_that_is_revoked_while_it_is_looked_up_is_not_remembered(site: Site, store: Store) -> None:
    found, go_on = asyncio.Event(), asyncio.Event()

    async def find_slowly(given: str) -> ApiToken | None:
        one = await site.context.ask(store.api_tokens.find, given)
        found.set()
        await go_on.wait()
        return one

    site.context.callers = Callers(site.context.access, find_slowly, lambda: site.context.ask(store.api_tokens.hashes))
    async with site.visitor(**token(store, Scope.FEED)) as app:
        asking = asyncio.create_task(app.get("/v1/changes"))
        await found.wait()
        await site.program.delete("/v1/tokens/app")
        go_on.set()

        refused(await asking, 401)
