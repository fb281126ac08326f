"""What is asked again under the same `Idempotency-Key` where the first one was refused, broken off, or its process died."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from domain.scopes import Scope
from store import Store
from tests.api.worked import token
from tests.store.documents import enroll, someone_waits
from tests.store.partitioned import run
from tests.support.waiting import eventually
from tests.web.site import Site, refused

KEY = {"Idempotency-Key": "k-1"}
TOKEN = {"name": "shop", "scope": "read"}
ENDPOINT = {"url": "http://127.0.0.1:9/hook", "types": ["order.*"]}
AS_BEGUN = "UPDATE sellerbeat.idempotency_keys SET status = NULL, answer = NULL, begun_at = begun_at - interval '3 minutes'"


@contextmanager
def lacking(store: Store, table: str) -> Iterator[None]:
    run(store, f"ALTER TABLE sellerbeat.{table} RENAME TO away")
    try:
        yield
    finally:
        run(store, f"ALTER TABLE sellerbeat.away RENAME TO {table}")


async def endpoint(site: Site) -> str:
    return str((await site.program.post("/v1/endpoints", json=ENDPOINT)).json()["id"])


@pytest.mark.parametrize(
    ("path", "body", "done"),
    [
        ("/v1/endpoints", ENDPOINT, "SELECT count(*) FROM sellerbeat.endpoints"),
        ("/v1/endpoints/{}/rotate", None, "SELECT count(*) FROM sellerbeat.endpoint_secrets"),
        ("/v1/tokens", TOKEN, "SELECT count(*) FROM sellerbeat.api_tokens"),
        ("/v1/replays", {"seller": "anna"}, "SELECT count(*) FROM sellerbeat.audit WHERE action = 'replay'"),
    ],
)
async def test_what_may_be_done_once_is_not_done_again_though_its_process_died(
    site: Site, store: Store, path: str, body: Any, done: str
) -> None:
    enroll(store, "anna")
    path = path.format(await endpoint(site)) if "{}" in path else path
    first = await site.program.post(path, json=body, headers=KEY)
    [(before,)] = run(store, done)
    run(store, AS_BEGUN)  # the act is committed, and the process died before it wrote its answer down
    again = [await site.program.post(path, json=body, headers=KEY) for _ in range(2)]

    assert first.is_success
    assert ["use a new key" in refused(one, 409) for one in again] == [True, True]
    assert {one.json()["code"] for one in again} == {"outcome_unknown"}
    assert run(store, done) == [(before,)]
    assert before > 0


async def test_what_may_be_done_twice_is_done_again_once_its_process_is_dead(site: Site, store: Store) -> None:
    path = f"/v1/endpoints/{await endpoint(site)}/disable"
    assert (await site.program.post(path, headers=KEY)).status_code == 200
    run(store, AS_BEGUN.partition(", begun_at")[0])
    early = await site.program.post(path, headers=KEY)
    run(store, AS_BEGUN)
    late, again = [await site.program.post(path, headers=KEY) for _ in range(2)]

    assert early.json()["code"] == "running"
    assert (late.status_code, late.json()["state"], "idempotent-replayed" in late.headers) == (200, "off", False)
    assert again.headers["idempotent-replayed"] == "true"


async def test_after_a_failure_on_the_way_only_what_may_be_done_twice_is_begun_anew(site: Site, store: Store) -> None:
    path = f"/v1/endpoints/{await endpoint(site)}/disable"
    with lacking(store, "endpoint_secrets"):
        once = await site.program.post("/v1/endpoints", json=ENDPOINT, headers=KEY)
    with lacking(store, "endpoints"):
        twice = await site.program.post(path, headers={"Idempotency-Key": "k-2"})
    once_again = await site.program.post("/v1/endpoints", json=ENDPOINT, headers=KEY)
    twice_again = await site.program.post(path, headers={"Idempotency-Key": "k-2"})

    assert (once.status_code, twice.status_code) == (503, 503)
    assert (once_again.status_code, once_again.json()["code"]) == (409, "outcome_unknown")
    assert (twice_again.status_code, twice_again.json()["state"]) == (200, "off")


async def test_a_request_that_is_cancelled_while_it_is_done_is_not_done_again(site: Site, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("LOCK TABLE sellerbeat.api_tokens"))
        asking = asyncio.create_task(site.program.post("/v1/tokens", json=TOKEN, headers=KEY))
        await eventually(lambda: someone_waits(store))
        asking.cancel()
    (ended,) = await asyncio.gather(asking, return_exceptions=True)
    early = await site.program.post("/v1/tokens", json=TOKEN, headers=KEY)
    run(store, "UPDATE sellerbeat.idempotency_keys SET begun_at = begun_at - interval '3 minutes'")
    late = await site.program.post("/v1/tokens", json=TOKEN, headers=KEY)

    assert isinstance(ended, asyncio.CancelledError)
    assert (early.json()["code"], late.json()["code"]) == ("running", "outcome_unknown")
    assert len(store.api_tokens.all()) == 1


async def test_what_the_act_refused_is_refused_again_whatever_changed_meanwhile(site: Site, store: Store) -> None:
    store.api_tokens.create("shop", Scope.READ, by="os:test", ebay=False, sellers=[])
    asked: list[tuple[str, Any]] = [
        ("/v1/tokens", TOKEN),
        ("/v1/replays", {"seller": "anna"}),
        ("/v1/endpoints", ENDPOINT | {"types": ["x.*"]}),
    ]
    first = [await site.program.post(path, json=body, headers=KEY | {"Idempotency-Key": path}) for path, body in asked]
    store.api_tokens.revoke("shop")
    enroll(store, "anna")
    again = [await site.program.post(path, json=body, headers=KEY | {"Idempotency-Key": path}) for path, body in asked]
    other = await site.program.post("/v1/tokens", json=TOKEN | {"name": "other"}, headers={"Idempotency-Key": "/v1/tokens"})

    assert [one.status_code for one in first] == [409, 404, 422]
    assert [refused(one, before.status_code) for one, before in zip(again, first, strict=True)] == [one.json()["detail"] for one in first]
    assert [one.content for one in again] == [one.content for one in first]
    assert {one.headers["idempotent-replayed"] for one in again} == {"true"}
    assert other.json()["code"] == "key_reused"
    assert [row["state"] for row in store.api_tokens.all()] == ["revoked"]


async def test_what_was_refused_before_anything_was_done_leaves_its_key_free(site: Site, store: Store) -> None:
    async with site.visitor(**token(store, Scope.ADMIN, name="plain"), **KEY) as app:
        answers: list[httpx.Response] = [
            await app.post("/v1/tokens", json={"scope": "read"}),  # 422: no name
            await app.post("/v1/tokens", content=b"{", headers={"Content-Type": "application/json"}),
            await app.post("/v1/tokens", content=b"x", headers={"Content-Type": "text/plain"}),
            await app.post("/v1/tokens", json=TOKEN | {"ebay": True}),  # it may not have eBay's tokens itself
            await app.post("/v1/sellers/anna/link"),  # a setting is missing
            await app.post("/v1/tokens", json=TOKEN),
        ]

    assert [one.status_code for one in answers] == [422, 422, 415, 403, 503, 201]
    assert int(answers[4].headers["retry-after"]) >= 1


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(site: Site, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("LOCK TABLE sellerbeat.api_tokens"))
        asking = asyncio.create_task(site.program.post("/v1/tokens", json=TOKEN, headers=KEY))
        await eventually(lambda: someone_waits(store))
        connection.execute(text("ALTER TABLE sellerbeat.idempotency_keys RENAME TO away"))
    try:
        made = await asking
    finally:
        run(store, "ALTER TABLE sellerbeat.away RENAME TO idempotency_keys")
    again = await site.program.post("/v1/tokens", json=TOKEN, headers=KEY)

    assert (made.status_code, made.json()["token"][:3]) == (201, "sb_")
    assert (again.status_code, again.json()["code"]) == (409, "running")
