"""Offers in the ledger: from the moment somebody asks for them, in every version that could be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.judge import judge
from simulator.ledger import read
from tests.simulator.conftest import START, Client
from tests.simulator.test_offers import OFFERS
from tests.support.manual_world import ManualWorld


@pytest.fixture(autouse=True)
def at_once(world: ManualWorld) -> None:
    world.switches.listing_late = 0.0


def rows(world: ManualWorld) -> list[dict[str, Any]]:
    return [row for row in world.rows() if row["kind"] == "offer"]


def test_nobody_asks_and_the_ledger_says_nothing(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 5)

    assert rows(world) == []


def test_once_one_offer_is_asked_for_all_of_the_sellers_are_in_the_ledger(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 5)
    world.add_sku("anna", "S-2", 5)
    world.add_sku("bert", "B-1", 5)

    (shown,) = anna.get(OFFERS, sku="S-1").json()["offers"]

    assert sorted((row["seller"], row["document"]["sku"], row["version"]) for row in rows(world)) == [
        ("anna", "S-1", 1),
        ("anna", "S-2", 1),
    ]
    assert next(row["document"] for row in rows(world) if row["entity_id"] == f"offer:{shown['offerId']}") == shown


def test_an_offer_follows_its_item_and_its_listing_when_they_show(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 5)
    item = world.list_item("anna", sku="S-1")
    anna.get(OFFERS, sku="S-1")
    world.clock.advance(minutes=1)
    world.revise("anna", item, price="3.00", visible_at=world.clock.now().replace(minute=10))
    between = rows(world)
    world.clock.advance(minutes=30)

    offers = rows(world)
    assert len(between) == 1
    assert [row["document"]["pricingSummary"]["price"]["value"] for row in offers][-1] == "3.0"
    assert offers[-1]["visible_at"] == "2026-06-18T12:10:00.000Z"


def test_an_offer_goes_with_its_sku_and_by_hand_and_comes_back(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 5)
    world.add_sku("anna", "S-2", 5)
    world.put_offer("anna", "S-1", "EBAY_DE", availableQuantity=2)
    assert [one["marketplaceId"] for one in anna.get(OFFERS, sku="S-1").json()["offers"]] == ["EBAY_DE", "EBAY_US"]

    world.remove_offer("anna", "S-1", "EBAY_DE")
    world.remove_sku("anna", "S-2")
    rows(world)
    world.add_sku("anna", "S-2", 1)

    found = [(row["document"]["sku"], row["document"]["marketplaceId"], row["version"], row["removed"]) for row in rows(world)]
    assert sorted(found) == [
        ("S-1", "EBAY_DE", 1, False),
        ("S-1", "EBAY_DE", 2, True),
        ("S-1", "EBAY_US", 1, False),
        ("S-2", "EBAY_US", 1, False),
        ("S-2", "EBAY_US", 2, True),
        ("S-2", "EBAY_US", 3, False),
    ]


def test_more_offers_than_a_page_holds_are_turned_by_next(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 5)
    for number in range(4):
        world.put_offer("anna", "S-1", f"EBAY_{number}")

    found, path = [], f"{OFFERS}?sku=S-1&limit=2"
    while path:
        page = anna.http.get(path, headers=anna.headers()).json()
        found += [one["marketplaceId"] for one in page["offers"]]
        path = page.get("next", "")

    assert found == ["EBAY_0", "EBAY_1", "EBAY_2", "EBAY_3", "EBAY_US"]


def test_a_world_that_goes_on_goes_on_with_its_offers(tmp_path: Path) -> None:
    first = ManualWorld(seed=7, now=START, ledger=tmp_path / "ledger")
    first.add_seller("anna")
    first.add_sku("anna", "S-1", 5)
    first.follow_offers("anna")
    first.close()

    second = ManualWorld(seed=7, now=START, ledger=tmp_path / "ledger")
    second.add_seller("anna")
    second.set_stock("anna", "S-1", 2)
    second.quiet()

    assert [row["document"]["availableQuantity"] for row in read(tmp_path / "ledger") if row["kind"] == "offer"] == [5, 2]
    second.close()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda event: [event], (0, 0, 0)),
        (lambda event: [], (1, 0, 0)),
        (lambda event: [event, {**event, "id": "2", "position": 2, "sequence": 2, "version": 2, "type": "offer.updated"}], (0, 1, 0)),
        (lambda event: [{**event, "data": {**event["data"], "availableQuantity": 6}}], (1, 0, 1)),
        (lambda event: [{**event, "type": "offer.removed"}], (1, 0, 1)),
    ],
)
def test_the_judge_judges_offers(anna: Client, world: ManualWorld, spoil: Any, found: tuple[int, int, int]) -> None:
    world.add_sku("anna", "S-1", 5)
    (offer,) = anna.get(OFFERS, sku="S-1").json()["offers"]
    event = {"id": "1", "position": 1, "sequence": 1, "seller_id": "anna", "type": "offer.created", "version": 1, "source": "poll"}
    event |= {"entity_id": f"offer:{offer['offerId']}", "detected_at": "2026-06-18T12:00:01.000Z", "data": offer}

    verdict = judge(world.rows(), spoil(event), at=world.clock.now(), kinds=["offer"])

    assert (verdict.lost, verdict.twice, verdict.wrong) == found
