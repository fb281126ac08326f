"""`GET /v1/changes`: order and exactness of the feed, waiting for changes, and every wrong question."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy import event, text

from domain.retention import Retention
from serving.change_waiter import ChangeWaiter
from store import Store, StoreUnavailableError
from store.reading.news import NewChanges
from tests.store.documents import enroll, order, store_orders
from tests.support.waiting import PATIENCE_S, eventually
from tests.web.site import KEY, NOBODY, TOKEN, Site, refused


@pytest.fixture(autouse=True)
def sellers(store: Store) -> None:
    enroll(store, "anna")
    enroll(store, "bert")


def sell(store: Store, seller: str, *numbers: int) -> None:
    store_orders(store, *(order(f"o-{number}") for number in numbers), seller_id=seller)


async def waiters(site: Site, *, count: int) -> None:
    """Until so many wait for changes."""
    await eventually(lambda: sum(len(bells) for bells in site.context.change_waiter._bells.values()) == count)


async def test_the_feed_over_http_is_the_feed(site: Site, store: Store) -> None:
    sell(store, "anna", 1, 2, 3)
    sell(store, "bert", 4)

    page = await site.changes()

    assert page == {"changes": store.feed.read(), "next": store.feed.last(), "feed": "0"}
    assert [change["entity_id"] for change in page["changes"]] == ["o-1", "o-2", "o-3", "o-4"]


async def test_who_goes_on_after_next_gets_every_change_once(site: Site, store: Store) -> None:
    sell(store, "anna", *range(7))
    after, got = 0, []
    while (page := await site.changes(after=after, limit=3))["changes"]:
        assert len(page["changes"]) <= 3
        got += page["changes"]
        after = page["next"]

    assert got == store.feed.read()
    assert page == {"changes": [], "next": store.feed.last(), "feed": "0"}


async def test_one_sellers_changes_are_theirs_alone_also_when_they_are_removed(site: Site, store: Store) -> None:
    sell(store, "anna", 1)
    sell(store, "bert", 2, 3)
    store.sellers.remove("bert")

    page = await site.changes(seller="bert")

    assert [change["entity_id"] for change in page["changes"]] == ["o-2", "o-3", "bert"]  # the last one that he was removed
    assert (await site.changes(seller="bert", after=page["next"]))["changes"] == []


async def test_a_reader_waits_until_a_change_comes(site: Site, store: Store) -> None:
    reading = asyncio.create_task(site.changes(wait="60s"))
    await waiters(site, count=1)

    await asyncio.to_thread(sell, store, "anna", 1)

    assert [change["entity_id"] for change in (await asyncio.wait_for(reading, PATIENCE_S))["changes"]] == ["o-1"]


async def test_who_waits_for_one_seller_reads_only_when_that_seller_has_news(site: Site, store: Store) -> None:
    reads: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, values: dict[str, Any], *_: object) -> None:
        if "change_events" in statement and values.get("seller") == "anna":
            reads.append(statement)

    event.listen(store.engine, "before_cursor_execute", count)
    reading = asyncio.create_task(site.changes(seller="anna", wait="60s"))
    beside = asyncio.create_task(site.changes(wait="60s"))
    await waiters(site, count=2)
    await eventually(lambda: len(reads) >= 2)  # at first, and when the watch has begun

    await asyncio.to_thread(sell, store, "bert", 1)
    await asyncio.wait_for(beside, PATIENCE_S)
    await asyncio.to_thread(sell, store, "anna", 2)

    assert [change["entity_id"] for change in (await asyncio.wait_for(reading, PATIENCE_S))["changes"]] == ["o-2"]
    event.remove(store.engine, "before_cursor_execute", count)
    assert len(reads) == 3


async def test_waiting_ends_without_changes_when_the_time_is_over(site: Site, store: Store) -> None:
    sell(store, "anna", 1)
    last = store.feed.last()

    assert await site.changes(after=last, wait="0.2s") == {"changes": [], "next": last, "feed": "0"}


async def test_hundreds_of_waiters_hold_no_connection_and_no_thread(site: Site, store: Store) -> None:
    reading = [asyncio.create_task(site.changes(wait="60s")) for _ in range(200)]
    await waiters(site, count=200)
    with store.engine.connect() as connection:
        busy = connection.execute(text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")).scalar_one()

    assert busy <= 6
    assert threading.active_count() < 20
    await asyncio.to_thread(sell, store, "anna", 1)
    pages = await asyncio.wait_for(asyncio.gather(*reading), 30)
    assert {page["next"] for page in pages} == {store.feed.last()}
    assert not site.context.change_waiter._bells


async def test_a_change_that_comes_while_the_watch_begins_is_not_missed() -> None:
    began, may_go_on = asyncio.Event(), asyncio.Event()

    async def look(known: int | None) -> NewChanges:
        began.set()
        await may_go_on.wait()
        return NewChanges(1041, frozenset())  # it stands behind the change already: no later look will tell of it

    change_waiter = ChangeWaiter(look, every_s=60)
    with change_waiter.awaited(["anna"]) as bell:
        await began.wait()
        bell.clear()  # the waiter reads here, and finds nothing; then the change comes
        may_go_on.set()

        assert await asyncio.wait_for(bell.wait(), 30)
    change_waiter.close()
    change_waiter._watch.cancel()  # type: ignore[union-attr]


async def test_a_lost_postgres_does_not_end_the_watch() -> None:
    answers: list[NewChanges | Exception] = [NewChanges(5, frozenset()), StoreUnavailableError("gone"), NewChanges(6, frozenset({"anna"}))]
    asked: list[int | None] = []

    async def look(known: int | None) -> NewChanges:
        asked.append(known)
        answer = answers.pop(0) if answers else NewChanges(6, frozenset())
        if isinstance(answer, Exception):
            raise answer
        return answer

    change_waiter = ChangeWaiter(look, every_s=0.001, after_failure_s=0.001)
    with change_waiter.awaited(["anna"]) as bell:
        await asyncio.wait_for(bell.wait(), 30)
        bell.clear()
        await asyncio.wait_for(bell.wait(), 30)
    change_waiter.close()

    assert asked[:3] == [None, 5, 5]


async def test_the_end_of_the_process_answers_who_waits(site: Site) -> None:
    reading = asyncio.create_task(site.changes(after=7, wait="60s"))
    await waiters(site, count=1)

    site.context.change_waiter.close()

    assert await asyncio.wait_for(reading, PATIENCE_S) == {"changes": [], "next": 7, "feed": "0"}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("after=-1", "after"),
        ("after=now", "after"),
        ("after=", "after"),
        ("after=9223372036854775808", "after"),
        ("after=1" + "0" * 4000, "after"),
        ("after=1.5", "after"),
        ("seller=", "seller"),
        ("seller=a/b", "seller"),
        ("seller=anna%0a", "seller"),
        ("seller=anna%00", "seller"),
        (f"seller={'x' * 101}", "seller"),
        ("wait=20", "wait"),
        ("wait=61s", "wait"),
        ("wait=-1s", "wait"),
        ("wait=2m", "wait"),
        ("wait=nan", "wait"),
        ("aftr=5", "aftr"),
        ("after=1&after=2", "once"),
        ("%ff=%ff", "/v1/docs lists them"),
    ],
)
async def test_a_wrong_question_is_refused_in_one_line(site: Site, query: str, named: str) -> None:
    assert named in refused(await site.program.get(f"/v1/changes?{query}"), 422)


async def test_unknown_sellers_routes_and_methods_have_their_codes(site: Site) -> None:
    assert "carl" in refused(await site.program.get("/v1/changes?seller=carl&wait=60s"), 404)
    assert refused(await site.program.get("/v1/change"), 404)
    assert refused(await site.program.post("/v1/changes"), 405)
    assert refused(await site.program.get("/v1/changes?seller=" + "x" * 60_000), 414)
    assert refused(await site.program.get("/v1/" + "x" * 2_000), 414)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \xff\xfe"],
)
async def test_without_the_right_token_nothing_is_told(site: Site, store: Store, header: str | None) -> None:
    sell(store, "anna", 1)
    async with site.visitor() as stranger:
        headers = {} if header is None else {b"authorization": header.encode("latin-1")}
        answers = [await stranger.get(path, headers=headers) for path in ("/v1/changes", "/v1/changes?limit=1")]

    for answer in answers:
        refused(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "o-1" not in answer.text


async def test_the_scheme_of_the_token_may_be_written_in_any_case(site: Site) -> None:
    async with site.visitor(Authorization=f"bearer {TOKEN}") as program:
        assert (await program.get("/v1/changes")).status_code == 200


async def test_the_description_of_the_api_names_the_parameters(site: Site) -> None:
    described = (await site.program.get("/v1/openapi.json")).json()

    path = "/v1/changes"
    assert [one["name"] for one in described["paths"][path]["get"]["parameters"]] == ["after", "limit", "seller", "type", "feed", "wait"]


async def test_a_postgres_that_is_gone_is_said() -> None:
    gone = Site(Store.connect("postgresql://nobody:hunter2@127.0.0.1:1/db", [KEY]), NOBODY)

    answer = await gone.program.get("/v1/changes")
    await gone.close()

    assert "Postgres" in refused(answer, 503)
    assert "hunter2" not in answer.text
    assert answer.headers["retry-after"]


async def test_who_stands_before_what_is_kept_or_beyond_the_end_is_told_where_to_begin_again(site: Site, store: Store) -> None:
    sell(store, "anna", 1, 2, 3)
    first, second, third = (change["position"] for change in (await site.changes())["changes"])
    old = "UPDATE sellerbeat.change_events SET detected_at = now() - interval '500 days' WHERE position <= :second"
    with store.engine.begin() as connection:
        connection.execute(text(old), {"second": second})
    while store.retention.forget(Retention()):
        pass

    early, late = [await site.program.get(f"/v1/changes?after={after}") for after in (first, third + 1)]
    after_oldest, whole = [(await site.changes(after=after))["changes"] for after in (early.json()["oldest"], 0)]

    assert (early.status_code, late.status_code) == (410, 410)
    assert {name: early.json()[name] for name in ("oldest", "latest", "feed")} == {"oldest": second, "latest": third, "feed": "0"}
    assert [change["position"] for change in after_oldest] == [third]
    assert after_oldest == whole


async def test_a_reader_of_a_feed_that_was_restored_is_told(site: Site, store: Store) -> None:
    sell(store, "anna", 1)
    page = await site.changes()
    store.marks.change("feed_generation", "k3b9")

    answer = await site.program.get(f"/v1/changes?after={page['next']}&feed={page['feed']}")

    assert (answer.status_code, answer.json()["feed"]) == (410, "k3b9")
    assert (await site.changes(after=page["next"], feed="k3b9"))["changes"] == []
