"""Sellers over HTTP: shown, searched, removed, erased; with a real Temporal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

from domain.health_facts import WorkerFindings
from domain.scopes import Scope
from operations.status import seller_status
from store import Store
from tests.api.worked import Worked, acts, caller, signalled
from tests.store.documents import enroll, statements
from tests.support.waiting import eventually
from tests.web.site import Site, refused
from tests.workflows.fakes import polling_worker


async def test_a_seller_is_shown_as_status_does_and_304_while_nothing_is_new(worked: Worked, store: Store, temporal: Client) -> None:
    site = worked.site
    await eventually(lambda: site.context.has_worker(temporal))
    await site.program.post("/v1/sellers/anna/pause", json={"reason": "stock-take"})

    async def is_paused() -> bool:
        return bool((await site.program.get("/v1/sellers/anna")).json()["state"] == "paused")

    await eventually(is_paused)
    answer = await site.program.get("/v1/sellers/anna")
    tag = answer.headers["etag"]
    again = [await site.program.get("/v1/sellers/anna", headers={"If-None-Match": given}) for given in (tag, f'"x", W/{tag}', "*", '"x"')]

    assert answer.json() == await seller_status(site.context, "anna")
    assert (answer.json()["state"], answer.json()["reason"]) == ("paused", "stock-take")
    assert [(one.status_code, len(one.content) > 0, one.headers["etag"]) for one in again] == [(304, False, tag)] * 3 + [(200, True, tag)]


async def test_a_pause_from_this_machine_without_a_token_keeps_by_whom_it_is(
    open_site: Callable[..., Site], store: Store, temporal: Client, temporal_address: str
) -> None:
    enroll(store, "anna")
    here = open_site(temporal_address, token=None, task_queue=f"api-{uuid4().hex[:8]}")
    async with polling_worker(temporal, here.context.settings.task_queue):
        said = (await here.program.post("/v1/sellers/anna/pause", json={"reason": "stock-take"})).json()

        async def tells_by_whom() -> bool:
            paused = (await here.program.get("/v1/sellers/anna")).json()["paused"]
            return paused is not None and paused["by"] == "here"

        await eventually(tells_by_whom)

    assert said["by"] == "here"
    assert acts(store)[0][0] == "here"


async def test_without_a_worker_a_seller_is_shown_at_once(steered: Site, site: Site, store: Store) -> None:
    began = time.monotonic()
    for one, reason in ((steered, "no worker answers: is worker.py running?"), (site, "TEMPORAL_ADDRESS")):
        answer = (await one.program.get("/v1/sellers/anna")).json()
        assert answer["state"] == "polling"
        assert reason in answer["reason"]
    store.sellers.remove("anna")
    assert (await steered.program.get("/v1/sellers/anna")).json()["state"] == "removed"
    assert (await steered.program.get("/v1/sellers/nobody")).status_code == 404
    assert time.monotonic() - began < 20


async def test_a_read_of_a_seller_takes_six_statements_however_often_it_is_asked(worked: Worked, store: Store, temporal: Client) -> None:
    """Why it takes little CPU: how much, `make bench PART=api` measures. The sixth, of a row a worker, says whether nobody is polled."""
    site = worked.site
    store.presence.record("w", site.context.settings.task_queue, WorkerFindings())
    await eventually(lambda: site.context.has_worker(temporal))
    await site.program.post("/v1/sellers/anna/pause")
    with statements(store) as sent:
        answers = [await site.program.get("/v1/sellers/anna") for _ in range(20)]

    assert [one.status_code for one in answers] == [200] * 20
    assert len(sent) == 6 * 20


async def test_sellers_are_listed_searched_and_paged(site: Site, store: Store) -> None:
    for number in range(13):
        enroll(store, f"Shop-{number:02}")
    enroll(store, "other")
    store.save_overrides("Shop-03", {"paused": "x"})
    store.save_overrides("Shop-11", {"paused": "y"})
    store.sellers.remove("Shop-07")

    async def listed(**query: Any) -> list[str]:
        found: list[str] = []
        after: str | None = ""
        while after is not None:
            page = (await site.program.get("/v1/sellers", params={**query, "after": after})).json()
            found += [one["seller_id"] for one in page["sellers"]]
            assert len(page["sellers"]) <= query.get("limit", 100)
            after = page["next"]
        return found

    every = [one["seller_id"] for one in store.status.all()]
    assert await listed() == await listed(limit=1) == await listed(limit=5) == await listed(limit=14) == every
    assert await listed(q="shop-1", limit=2) == [f"Shop-{number}" for number in range(10, 13)]
    assert await listed(state="paused", limit=1) == ["Shop-03", "Shop-11"]
    assert await listed(state="removed") == ["Shop-07"]
    assert await listed(state="failing") == []
    row = (await site.program.get("/v1/sellers?q=other")).json()["sellers"][0]
    assert row == {**store.seller("other"), "last_poll_at": None, "next_poll_at": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "state=happy", "q=%25", "q=%00", "after=%00", "after=a/b", "x=1", "limit=x"])
async def test_a_list_that_nobody_can_give_is_422(site: Site, query: str) -> None:
    refused(await site.program.get(f"/v1/sellers?{query}"), 422)


async def test_a_rare_state_is_found_page_by_page_without_a_long_search(site: Site, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from store.reading import paging

    monkeypatch.setattr(paging, "BATCH", 3)
    monkeypatch.setattr(paging, "MOST", 6)
    for number in range(20):
        enroll(store, f"s-{number:02}")
    store.save_overrides("s-17", {"paused": "x"})

    found: list[Any] = []
    after: Any = ""
    pages = 0
    while after is not None:
        page = (await site.program.get("/v1/sellers", params={"state": "paused", "after": after})).json()
        found, after, pages = found + page["sellers"], page["next"], pages + 1

    assert [one["seller_id"] for one in found] == ["s-17"]
    assert pages == 4


async def test_removing_keeps_and_erasing_deletes_and_needs_scope_admin(steered: Site, store: Store, temporal: Client) -> None:
    await steered.program.post("/v1/sellers/anna/poll-now")
    async with caller(steered, store, Scope.CONTROL) as control, caller(steered, store, Scope.ADMIN, "anna") as own:
        refused(await control.delete("/v1/sellers/anna?erase=true"), 403)
        removed = [await control.delete("/v1/sellers/anna") for _ in range(2)]
        assert (await control.get("/v1/sellers/anna")).json()["state"] == "removed"
        erased = [await own.delete("/v1/sellers/anna?erase=true") for _ in range(2)]
        refused(await own.delete("/v1/sellers/bert?erase=true"), 404)

    assert [one.json() for one in removed] == [{"seller_id": "anna", "state": "removed", "erased": False}] * 2
    assert [one.status_code for one in erased] == [200, 404]
    assert store.enrolled() == ["bert"]
    assert await signalled(temporal) == []
    assert [row[:2] for row in acts(store)[1:]] == [("token:control0", "seller.remove")] * 2 + [("token:admin1", "seller.erase")]


async def test_reads_need_scope_read_and_a_narrowed_token_sees_its_own(steered: Site, store: Store) -> None:
    paths = ("", "/snapshot/orders", "/polls", "/day")
    async with caller(steered, store, Scope.FEED) as feed, caller(steered, store, Scope.READ, "anna") as own:
        for path in paths:
            refused(await feed.get(f"/v1/sellers/anna{path}"), 403)
            refused(await own.get(f"/v1/sellers/bert{path}"), 404)
            assert (await own.get(f"/v1/sellers/anna{path}")).status_code == 200
        refused(await own.get("/v1/sellers"), 403)
        refused(await feed.get("/v1/sellers"), 403)
        refused(await own.get("/v1/set-aside"), 403)
        refused(await own.get("/v1/set-aside?seller=bert"), 404)
        assert (await own.get("/v1/set-aside?seller=anna")).status_code == 200
    refused(await steered.visitor().get("/v1/sellers/anna"), 401)


async def test_two_writes_with_one_key_and_two_bodies_are_told_apart(steered: Site, store: Store) -> None:
    headers = {"Idempotency-Key": "k"}

    answers = [await steered.program.delete(f"/v1/sellers/{seller}", headers=headers) for seller in ("anna", "anna", "bert")]

    assert [one.status_code for one in answers] == [200, 200, 422]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert store.enrolled() == ["bert"]
