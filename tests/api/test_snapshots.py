"""What is stored, page by page over HTTP: the same rows as the command line prints, each once; polls; and what is set aside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client

from domain.pacing import Stream
from domain.scopes import Scope
from store import Store
from tests.api.worked import acts, caller
from tests.store.documents import LATER, enroll, item, order, parcel, refused_title, sale, store_orders
from tests.web.site import Site, refused

STRANGE = ("a/1", "a b", "ä&=?", "#x", "listing:1", "%2F", "'", "z" * 200)
ADD_POLL = text("""
    INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at)
    VALUES (:seller, :epoch, 'orders', 'poll', :at, :at)
""")


@pytest.fixture
def stored(store: Store) -> Store:
    """Anna has orders, parcels, stock with sales, what was removed, and what is set aside with and without a row."""
    enroll(store, "anna")
    enroll(store, "bert")
    store_orders(store, *(order(f"o-{number:02}") for number in range(9)), seller_id="anna")
    store_orders(store, refused_title("o-03"), {"noId": 1}, refused_title("o-0x"), "text", order("o-98", **sale("1")), seller_id="anna")
    store_orders(store, order("o-99", title="CANARY"), seller_id="bert")
    with store.commit(store.begin("anna", Stream.INVENTORY)) as commit:
        commit.store_inventory([item("A", 5), *(item(sku) for sku in STRANGE), item("gone")], LATER - timedelta(hours=1))
    with store.commit(store.begin("anna", Stream.INVENTORY)) as commit:
        commit.remove_inventory(["gone"], LATER)
    with store.commit(store.begin("anna", Stream.FULFILLMENT)) as commit:
        commit.store_parcels("o-01", [parcel(str(number)) for number in range(4)], LATER)
    return store


async def paged(site: Site, kind: str, limit: int) -> list[dict[str, Any]]:
    found: list[Any] = []
    after: Any = ""
    while after is not None:
        answer = await site.program.get(f"/v1/sellers/anna/snapshot/{kind}", params={"after": after, "limit": limit})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["entities"]) <= limit
        found, after = found + page["entities"], page["next"]
    return found


@pytest.mark.parametrize("kind", ["orders", "fulfillments", "inventory", "offers"])
async def test_pages_of_any_size_hold_what_the_command_prints_each_once(site: Site, stored: Store, kind: str) -> None:
    rows = list(stored.snapshot("anna", kind))

    for limit in (1, 2, 3, len(rows) or 1, 500):
        assert await paged(site, kind, limit) == rows, limit
    assert len(rows) == {"orders": 13, "fulfillments": 4, "inventory": 10, "offers": 0}[kind]
    assert "CANARY" not in str(rows)


async def test_entities_are_found_by_their_ids(site: Site, stored: Store) -> None:
    async def named(kind: str, *ids: str) -> list[Any]:
        page = (await site.program.get(f"/v1/sellers/anna/snapshot/{kind}", params={"id": ids})).json()
        assert page["next"] is None
        return [(one["entity_id"], one["set_aside"] is not None) for one in page["entities"]]

    assert await named("inventory", *STRANGE) == [(sku, False) for sku in sorted(STRANGE, key=stored_order(stored))]
    assert await named("orders", "o-01", "o-03", "o-0x", "o-99", "never") == [("o-01", False), ("o-03", True), ("o-0x", True)]
    (row,) = (await site.program.get("/v1/sellers/anna/snapshot/inventory?id=A")).json()["entities"]
    assert row["expected"]["available"] == 4


def stored_order(store: Store) -> Any:
    """As the database sorts."""
    return [row["entity_id"] for row in store.snapshot("anna", "inventory")].index


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nobody/snapshot/orders", 404),
        ("nobody/polls", 404),
        ("anna/snapshot/everything", 422),
        ("anna/snapshot/orders?limit=0", 422),
        ("anna/snapshot/orders?limit=501", 422),
        ("anna/snapshot/orders?after=%00", 422),
        ("anna/snapshot/orders?id=%00", 422),
        ("anna/snapshot/orders?id=", 422),
        ("anna/snapshot/orders?after=%1fx", 422),
        ("anna/snapshot/orders?after=%1f99999999999999999999", 422),
        ("anna/snapshot/orders?" + "&".join(["id=x"] * 101), 422),
        ("anna/snapshot/orders?more=1", 422),
        ("anna/polls?after=1", 422),
        ("anna/polls?after=99999999999999999.9999999999999999999", 200),
        ("anna/polls?after=0.0", 200),
        ("anna/polls?limit=x", 422),
        ("anna/snapshot/orders?after=%ff%fe", 200),
        ("anna/snapshot/orders?after=" + "x" * 1001, 422),
    ],
)
async def test_what_cannot_be_asked_for_has_its_code(site: Site, stored: Store, path: str, status: int) -> None:
    answer = await site.program.get(f"/v1/sellers/{path}")

    assert answer.status_code == status, answer.text


async def test_polls_come_newest_first_page_by_page_even_those_of_one_moment(site: Site, stored: Store) -> None:
    with stored.engine.begin() as connection:
        for number in range(1000, 1012):
            connection.execute(ADD_POLL, {"seller": "anna", "epoch": number, "at": LATER + timedelta(microseconds=number // 5)})
        connection.execute(ADD_POLL, {"seller": "bert", "epoch": 7, "at": LATER})
    known = site.context.overview.polls("anna", 100)

    found: list[Any] = []
    after: Any = ""
    while after is not None:
        page = (await site.program.get("/v1/sellers/anna/polls", params={"after": after, "limit": 2})).json()
        found, after = found + page["polls"], page["next"]

    assert len(found) == len(known) >= 12
    assert [one["started_at"] for one in found] == sorted((one["started_at"] for one in found), reverse=True)
    assert found[0].keys() >= {"stream", "source", "started_at", "finished_at", "api_calls", "changes", "error"}


async def test_what_is_set_aside_is_listed_and_tried_again(site: Site, stored: Store) -> None:
    store_orders(stored, refused_title("o-7"), seller_id="bert")
    found: list[Any] = []
    after: Any = 2**63 - 1
    while after is not None:
        page = (await site.program.get("/v1/set-aside", params={"after": after, "limit": 2})).json()
        found, after = found + page["set_aside"], page["next"]
    of_bert = (await site.program.get("/v1/set-aside?seller=bert")).json()["set_aside"]

    assert sorted(found, key=lambda one: one["id"]) == sorted(stored.set_aside(), key=lambda one: one["id"])
    assert [one["entity_id"] for one in of_bert] == ["o-7"]
    assert "CANARY" not in str(found)

    number = of_bert[0]["id"]
    with stored.engine.begin() as connection:
        fixed = "UPDATE sellerbeat.set_aside SET raw = replace(raw, '\\u0000', '') WHERE id = %s"
        connection.exec_driver_sql(fixed, (number,))
    async with caller(site, stored, Scope.CONTROL, "anna") as own:
        refused(await own.post(f"/v1/set-aside/{number}/retry"), 404)
    answers = [await site.program.post(f"/v1/set-aside/{one}/retry") for one in (number, number, found[-1]["id"], 0, "x", 2**63)]

    assert [one.status_code for one in answers] == [200, 404, 200, 422, 422, 422]
    assert answers[0].json() == {"id": number, "stored": True}
    assert answers[2].json() == {"id": found[-1]["id"], "stored": False}
    assert [row[1] for row in acts(stored, "bert")] == ["set_aside.retry"]


async def test_of_a_removed_seller_what_is_stored_can_be_read_and_not_tried(site: Site, stored: Store, temporal: Client) -> None:
    number = stored.set_aside("anna")[0]["id"]
    stored.sellers.remove("anna")

    assert len(await paged(site, "orders", 100)) == 13
    refused(await site.program.post(f"/v1/set-aside/{number}/retry"), 409)
