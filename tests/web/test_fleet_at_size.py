"""The list of sellers with none, one and many: what a page costs is as much for all of them, and every seller is on exactly one page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from domain.seller_state import GRAVITY
from lab.benchmarks.fleet import settle
from pages.fleet import ROWS, FleetQuery, paged
from store import Store
from store.reading.overview import Seller, place
from tests.store.documents import LATER, enroll
from tests.web.site import Page, Site

MANY = 620
SELLERS = st.lists(st.tuples(st.sampled_from(GRAVITY), st.from_regex(r"\A[a-z0-9._-]{1,4}\Z")), unique_by=lambda one: one[1], max_size=180)


@dataclass
class AskedRows:
    """Statements that were sent, and rows that came, of one look."""

    statements: int = 0
    rows: int = 0


@contextmanager
def counted(engine: Engine) -> Iterator[AskedRows]:
    asked = AskedRows()

    def count(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        asked.statements += 1
        asked.rows += max(cursor.rowcount, 0)

    event.listen(engine, "after_cursor_execute", count)
    try:
        yield asked
    finally:
        event.remove(engine, "after_cursor_execute", count)


def listed(page: Page) -> list[str]:
    return re.findall(r'rowheader"><a href="/sellers/([^"]+)"', page.source)


def link(page: Page, rel: str) -> str | None:
    return next((one["href"].partition("#")[0] for one in page.all("a") if one.get("rel") == rel), None)


async def looked(site: Site, path: str) -> tuple[AskedRows, Page]:
    await site.page("/")  # what is kept for a moment is read
    with counted(site.context.store.engine) as asked:
        page = await site.page(path)
    return asked, page


async def test_a_page_of_many_sellers_costs_a_narrow_row_of_each_and_the_rest_as_of_few(site: Site, store: Store, calm: None) -> None:
    settle(store, ROWS + 10, polls=2)
    few, first = await looked(site, "/")
    settle_more(store, MANY)
    many, _ = await looked(site, "/")
    deep, page = await looked(site, f"/?after=polling:s-{MANY // 2:04d}")
    some, _ = await looked(site, "/?find=s-05")

    assert len(listed(first)) == len(listed(page)) == ROWS
    assert few.statements == many.statements == deep.statements == some.statements
    assert many.rows - few.rows <= MANY - ROWS - 10 + 40  # the fleet's row of each; of alerts and failing streams some more
    assert abs(deep.rows - many.rows) <= ROWS


def settle_more(store: Store, sellers: int) -> None:
    """Empties the tables first: whoever settles does so once."""
    with store.engine.begin() as connection:
        for table in ("sellers", "tokens", "streams", "poll_runs", "poll_hours", "change_events", "inventory", "permits", "alerts"):
            connection.execute(text(f"DELETE FROM sellerbeat.{table}"))
    settle(store, sellers, polls=2)


@pytest.fixture
def calm(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Health is looked up by the clock, not by the page: none of its statements is counted."""

    async def nothing(within_s: float | None = None) -> list[Any]:
        return []

    monkeypatch.setattr(site.context.health, "findings", nothing)


async def test_every_seller_is_on_one_page_trouble_first_and_the_way_back_is_the_same(site: Site, store: Store) -> None:
    settle(store, 220, polls=2)
    path: str | None = "/"
    forth, back = list[list[str]](), list[list[str]]()
    while path:
        page = await site.page(path)
        forth.append(listed(page))
        last, path = path, link(page, "next")
    path = last
    while path:
        page = await site.page(path)
        back.append(listed(page))
        path = link(page, "prev")

    states = {one["seller_id"]: one["state"] for one in store.status.all()}
    every = [seller for sellers in forth for seller in sellers]
    assert [len(sellers) for sellers in forth] == [50, 50, 50, 50, 20]
    assert every == sorted(every, key=lambda one: (GRAVITY.index(states[one]), one))
    assert sorted(every) == sorted(store.enrolled())
    assert back == forth[::-1]
    assert "51 to 100 of 220" in (await site.page(link(await site.page("/"), "next") or "")).text


async def test_a_page_stays_where_it_was_though_sellers_leave_before_it(site: Site, store: Store) -> None:
    settle(store, 120, polls=2)
    path = link(await site.page("/?state=polling"), "next") or ""
    before = listed(await site.page(path))
    for seller in listed(await site.page("/?state=polling"))[:7]:
        store.sellers.remove(seller)

    assert listed(await site.page(path)) == before


async def test_an_empty_fleet_says_what_to_do_first_and_one_seller_needs_no_pages(site: Site, store: Store) -> None:
    empty = await site.page("/")
    enroll(store, "a" * 100)
    one = await site.page("/")
    nothing = await site.page("/?find=nobody")

    assert "First make a link for one" in empty.section("h-sellers")
    assert "connect the first one" in empty.section("sellers")
    assert listed(one) == ["a" * 100]
    assert not [True for nav in one.all("nav") if nav.get("aria-label") == "Pages of sellers"]
    assert "a part of a seller's id is looked for here, and an order number or SKU above" in nothing.section("sellers")


@given(sellers=SELLERS, where=st.tuples(st.sampled_from(GRAVITY), st.from_regex(r"\A[a-z0-9._-]{1,4}\Z")))
def test_a_cursor_of_anybody_who_came_or_left_parts_the_list_in_two(sellers: list[tuple[str, str]], where: tuple[str, str]) -> None:
    found = sorted((Seller(name, state, None, LATER, LATER, None) for state, name in sellers), key=place)
    ranked = GRAVITY.index(where[0]), where[1]

    after = paged(found, FleetQuery(after=":".join(where)))
    before = paged(found, FleetQuery(before=":".join(where)))

    assert list(after.rows) == [one for one in found if place(one) > ranked][:ROWS]
    assert list(before.rows)[: before.first and ROWS] == [one for one in found if place(one) < ranked][-ROWS:][: before.first and ROWS]
    assert list(found[after.first :])[: len(after.rows)] == list(after.rows)
