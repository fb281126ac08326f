"""The feed of some sellers and types: by token, by parameter, from now on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import text

from domain.retention import Retention
from domain.scopes import Scope
from store import Store
from tests.api.worked import token
from tests.store.documents import enroll, statements
from tests.store.test_positions import emit
from tests.support.examples import examples
from tests.web.site import Site, refused
from tests.web.test_feed import sell

SELLERS = ("anna", "bert", "carla")


@settings(max_examples=examples(30), deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    sellers=some.lists(some.sampled_from(SELLERS), max_size=3),
    types=some.lists(some.sampled_from(["order.*", "order.created", "order.updated", "inventory.*", "*"]), max_size=2),
    limit=some.integers(1, 7),
)
async def test_pages_of_some_sellers_and_types_hold_all_of_them_and_nothing_else(
    site: Site, store: Store, sellers: list[str], types: list[str], limit: int
) -> None:
    if not store.feed.last():
        for seller in SELLERS:
            enroll(store, seller)
        for number in range(12):
            sell(store, SELLERS[number % 3], number)
    expected = [
        one
        for one in store.feed.read()
        if (not sellers or one["seller_id"] in sellers)
        and (not types or any(kind in ("*", one["type"], one["type"].partition(".")[0] + ".*") for kind in types))
    ]
    got, after = [], 0
    while True:
        page = (await site.program.get("/v1/changes", params={"after": after, "limit": limit, "seller": sellers, "type": types})).json()
        got += page["changes"]
        assert page["next"] >= after
        if page["next"] == after:
            break
        after = page["next"]

    assert got == expected


async def test_latest_begins_with_what_comes_from_now_on(site: Site, store: Store) -> None:
    enroll(store, "anna")
    sell(store, "anna", 1)
    page = await site.changes(after="latest")
    sell(store, "anna", 2)

    assert page == {"changes": [], "next": store.feed.read()[0]["position"], "feed": "0"}
    assert [one["entity_id"] for one in (await site.changes(after=page["next"]))["changes"]] == ["o-2"]


async def test_a_token_of_some_sellers_reads_theirs_alone(site: Site, store: Store) -> None:
    for number, seller in enumerate(SELLERS):
        enroll(store, seller)
        sell(store, seller, number)
    async with site.visitor(**token(store, Scope.FEED, "anna", "carla")) as app:
        own = await app.get("/v1/changes")

        assert [one["seller_id"] for one in own.json()["changes"]] == ["anna", "carla"]
        assert "bert" not in own.text
        refused(await app.get("/v1/changes?seller=bert"), 404)
        assert (await app.get("/v1/changes?seller=carla")).json()["changes"][0]["seller_id"] == "carla"


async def test_a_revoked_token_reads_nothing_more(site: Site, store: Store) -> None:
    async with site.visitor(**token(store, Scope.FEED)) as app:
        assert (await app.get("/v1/changes")).status_code == 200
        store.api_tokens.revoke("app")
        site.context.callers.forget_all()

        refused(await app.get("/v1/changes"), 401)


async def test_no_position_is_given_out_before_all_up_to_it_is_committed(site: Site, store: Store) -> None:
    for seller in SELLERS:
        enroll(store, seller)
    sell(store, "anna", 1)
    with store.engine.begin() as slow:
        emit(slow, store, "anna", "late")  # its position is drawn, and its commit takes a while
        given = [(await site.changes(after="latest"))["next"], (await site.program.get("/v1/changes?feed=other")).json()["latest"]]
        for query in (
            {"seller": "bert"},
            {"seller": ["bert", "carla"]},
            {"type": "seller.*"},
            {"seller": ["bert", "carla"], "type": "order.*"},
        ):
            given.append((await site.changes(**query))["next"])

    heard = [[one["entity_id"] for one in (await site.changes(after=position))["changes"]] for position in given]

    assert heard == [["late"]] * len(given)


@pytest.mark.parametrize("sellers", [["anna"], ["anna", "carla"]], ids=["one seller", "a token of two"])
async def test_readers_of_quiet_sellers_move_along_and_are_not_cut_off(site: Site, store: Store, sellers: list[str]) -> None:
    for seller in SELLERS:
        enroll(store, seller)
    sell(store, "anna", 1)
    async with site.visitor(**token(store, Scope.FEED, *sellers)) as app:

        async def read(after: int) -> Any:
            return (await app.get("/v1/changes", params={"after": after})).json()

        first = await read(0)
        sell(store, "bert", 2, 3)
        quiet = await read(first["next"])
        sell(store, "bert", 4)
        cut(store, up_to=quiet["next"])

        assert [one["entity_id"] for one in first["changes"]] == ["o-1"]
        assert quiet["changes"] == []
        assert await read(quiet["next"]) == {"changes": [], "next": store.feed.last(), "feed": "0"}
        assert (await read(first["next"]))["status"] == 410


def cut(store: Store, up_to: int) -> None:
    """What is older goes, as when it is too old."""
    old = "UPDATE sellerbeat.change_events SET detected_at = now() - interval '500 days' WHERE position <= :up_to"
    with store.engine.begin() as connection:
        connection.execute(text(old), {"up_to": up_to})
    while store.retention.forget(Retention()):
        pass


async def test_a_wait_for_many_quiet_sellers_asks_no_more_than_for_one(site: Site, store: Store) -> None:
    names = [f"s-{number}" for number in range(30)]
    for seller in ("bert", *names):
        enroll(store, seller)
    sell(store, "bert", 1)  # so that the first look moves on

    with statements(store) as at_once:
        await site.changes(seller=names)
    with statements(store) as asked:
        await site.changes(seller=names, wait="0.3s")

    assert len(at_once) == 3  # the page, the bounds of the feed, and whether all were ever enrolled
    assert sum("unnest" in one for one in asked) <= 3  # looks: at first, when the watch begins, and at the end
