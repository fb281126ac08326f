import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import World
from simulator.apis.inventory import get_inventory_items
from simulator.requests import Request
from tests.simulator.conftest import Client, Code
from tests.support.examples import examples
from tests.support.manual_world import ManualWorld

PATH = "/sell/inventory/v1/inventory_item"


@pytest.fixture
def skus(world: ManualWorld) -> list[str]:
    return world.preload_skus("anna")


def test_the_list_leaves_out_what_the_single_call_shows(anna: Client, world: ManualWorld, skus: list[str]) -> None:
    listed = {item["sku"]: item for item in anna.get(PATH, limit=200).json()["inventoryItems"]}
    single = anna.get(f"{PATH}/{quote(skus[19], safe='')}").json()

    assert set(listed) == set(skus)
    assert set(listed[skus[19]]["availability"]["shipToLocationAvailability"]) == {"quantity"}
    assert set(single["availability"]["shipToLocationAvailability"]) == {"quantity", "allocationByFormat"}
    assert set(single["packageWeightAndSize"]) - set(listed[skus[19]]["packageWeightAndSize"]) == {"packageType", "shippingIrregular"}


def test_offset_is_a_page_number_as_documented(anna: Client, skus: list[str]) -> None:
    page = anna.get(PATH, limit=12, offset=2).json()

    assert (page["total"], page["size"], len(page["inventoryItems"])) == (30, 3, 6)
    assert "next" not in page
    assert page["prev"] == f"{PATH}?offset=1&limit=12"


def test_without_a_limit_25_come(anna: Client, skus: list[str]) -> None:
    assert len(anna.get(PATH).json()["inventoryItems"]) == 25


@settings(deadline=None, max_examples=examples(40))
@given(st.integers(0, 23), st.integers(1, 10), st.sampled_from(["pages", "rows"]), st.booleans())
def test_next_leads_to_every_sku_once_whatever_offset_means(count: int, limit: int, meaning: str, absolute: bool) -> None:
    world = World(seed=3)
    world.add_seller("anna", skus=count)
    skus = world.preload_skus("anna")
    world.switches.inventory_offset, world.switches.absolute_next = meaning, absolute
    seen, query = [], {"limit": str(limit)}
    while query:
        page = json.loads(get_inventory_items(world, Request("GET", PATH, query, "inventory_item", "anna")).body)
        seen += [item["sku"] for item in page["inventoryItems"]]
        query = dict(part.split("=") for part in page.get("next", "").partition("?")[2].split("&") if part)

    assert sorted(seen) == sorted(skus)


@pytest.mark.parametrize(
    ("params", "error"), [({"limit": 201}, 25706), ({"limit": 0}, 25706), ({"offset": -1}, 25706), ({"limit": "x"}, 25709)]
)
def test_wrong_pages_are_refused(anna: Client, code: Code, params: dict[str, object], error: int) -> None:
    assert code(anna.get(PATH, **params)) == (400, error)


def test_bulk_answers_207_when_one_is_not_there(anna: Client, skus: list[str]) -> None:
    fine, mixed = anna.bulk(skus[:25]), anna.bulk([skus[0], "nowhere"])

    assert fine.status_code == 200
    assert len(fine.json()["responses"]) == 25
    assert mixed.status_code == 207
    there, missing = mixed.json()["responses"]
    assert (there["statusCode"], there["inventoryItem"]["sku"]) == (200, skus[0])
    assert (missing["statusCode"], missing["errors"][0]["errorId"]) == (404, 25702)


def test_bulk_takes_25_different_skus_at_most(anna: Client, code: Code, skus: list[str]) -> None:
    assert code(anna.bulk(skus[:26])) == (400, 25727)
    assert code(anna.bulk([skus[0], skus[0]])) == (400, 25734)
    assert code(anna.bulk([])) == (400, 25708)


def test_an_unknown_sku_is_not_found(anna: Client, code: Code) -> None:
    assert code(anna.get(f"{PATH}/nowhere")) == (404, 25710)


def test_stock_moves_and_skus_come_and_go(anna: Client, world: ManualWorld, skus: list[str]) -> None:
    world.set_stock("anna", skus[0], 77)
    world.remove_sku("anna", skus[1])
    world.add_sku("anna", "NEW", 5)

    items = {item["sku"]: item for item in anna.get(PATH, limit=200).json()["inventoryItems"]}

    assert items[skus[0]]["availability"]["shipToLocationAvailability"]["quantity"] == 77
    assert set(items) == {*skus, "NEW"} - {skus[1]}
    assert anna.get(f"{PATH}/{skus[1]}").status_code == 404
    assert [row["removed"] for row in world.rows() if row["entity_id"] == skus[1]] == [False, True]
    world.add_sku("anna", skus[1], 1)
    assert anna.get(f"{PATH}/{skus[1]}").status_code == 200
