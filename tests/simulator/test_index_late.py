"""GetSellerEvents is behind GetItem, as a search index is: the version before, by its date, and never for so long that windows miss it."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from simulator import Hostility
from simulator.times import from_iso
from tests.simulator.conftest import START, Client, items, xml
from tests.support.manual_world import ManualWorld

NOW = "2026-06-18T12:00:00.000Z"


def late(world: ManualWorld, share: float = 1.0) -> None:
    world.switches.listing_late, world.switches.index_late = 0.0, share


def ids(anna: Client, world: ManualWorld, minutes: float, behind: float = 0.0) -> set[str]:
    now = world.clock.now()
    return set(items(anna.changed(now - timedelta(minutes=minutes), now - timedelta(minutes=behind))))


def title(answer: httpx.Response) -> str | None:
    return xml(answer).findtext(".//Item/Title")


def test_a_new_version_is_in_get_item_at_once_and_in_get_seller_events_later(anna: Client, world: ManualWorld) -> None:
    item = world.list_item("anna", title="Old")
    world.clock.advance(hours=1)
    late(world)
    world.revise("anna", item, title="New")
    first = world.clock.now()

    assert title(anna.trading("GetItem", f"<ItemID>{item}</ItemID>")) == "New"
    assert title(anna.trading("GetMyeBaySelling", "<ActiveList><Include>true</Include></ActiveList>")) == "New"
    *_, row = world.rows()
    assert row["visible_at"] == row["modified_at"]  # to the ledger it is shown
    assert ids(anna, world, 5) == set()  # by the new date there is nothing yet
    old = anna.changed(START - timedelta(minutes=1), START + timedelta(minutes=1))
    assert (set(items(old)), title(old)) == ({item}, "Old")  # by the old date there is the old one
    world.clock.advance(seconds=100)
    assert ids(anna, world, 5) == {item}
    assert title(anna.changed(first - timedelta(minutes=1))) == "New"
    assert set(items(anna.changed(START - timedelta(minutes=1), START + timedelta(minutes=1)))) == set()


def test_a_new_listing_and_an_end_come_late_too(anna: Client, world: ManualWorld) -> None:
    late(world)
    item = world.list_item("anna")
    assert ids(anna, world, 5) == set()
    assert title(anna.trading("GetItem", f"<ItemID>{item}</ItemID>"))
    world.clock.advance(seconds=100)
    assert ids(anna, world, 5) == {item}

    world.end_listing("anna", item)

    assert items(anna.changed(START - timedelta(minutes=1)))[item].findtext("SellingStatus/ListingStatus") == "Active"
    world.clock.advance(seconds=100)
    assert items(anna.changed(START + timedelta(seconds=99)))[item].findtext("SellingStatus/ListingStatus") == "Completed"


def test_versions_of_a_listing_keep_their_order(anna: Client, world: ManualWorld) -> None:
    late(world, 0.5)
    item = world.list_item("anna", quantity=100)
    seen = []
    for available in range(99, 40, -1):
        world.revise("anna", item, available=available)
        world.clock.advance(seconds=10)
        seen += [int(one.findtext("Quantity", "")) for one in items(anna.changed(START - timedelta(minutes=1))).values()]

    assert seen == sorted(seen, reverse=True)
    assert 10 < len(set(seen)) < len(seen)


@pytest.mark.parametrize("seed", range(5))
def test_windows_that_end_two_minutes_before_now_and_overlap_by_two_miss_nothing(seed: int) -> None:
    world = ManualWorld(seed=seed, now=START)
    world.add_seller("anna")
    world.switches.index_late, world.switches.listing_late, world.switches.index_late_s = 1.0, 1.0, 100.0
    for number in range(200):
        world.list_item("anna", title=f"No. {number}")
    entities = world.inventories["anna"].listings.values()

    lateness = [(one.newest.indexed_ms - one.newest.modified_ms) / 1000 for one in entities]

    assert 90 < max(lateness) <= 190 < 240
    assert all(one.newest.indexed_ms >= one.newest.visible_ms for one in entities)
    world.switches.index_late_s = 10_000.0
    longer = [world.inventories["anna"].listings[world.list_item("anna")].newest for _ in range(50)]
    assert max(one.indexed_ms - one.modified_ms for one in longer) == 240_000


def test_quiet_waits_for_the_index(anna: Client, world: ManualWorld) -> None:
    late(world)
    item = world.list_item("anna")

    shown_at = world.quiet()

    assert world.clock.now() < shown_at <= world.clock.now() + timedelta(seconds=100)
    world.clock.set(shown_at)
    assert ids(anna, world, 5) == {item}


def test_hostility_is_late_by_its_scale_and_counts(anna: Client, world: ManualWorld) -> None:
    late(world, 0.0)
    world.hostility = Hostility(index_late=1.0, scale=0.01)
    item = world.list_item("anna")
    assert ids(anna, world, 5) == set()

    world.clock.advance(seconds=1)

    assert ids(anna, world, 5) == {item}
    assert world.hostility.done["index_late"] == 1


def test_a_ledger_taken_up_again_shows_all_of_it(tmp_path: Path) -> None:
    world = ManualWorld(seed=3, now=START, ledger=tmp_path / "ledger.jsonl")
    world.add_seller("anna")
    late(world)
    item = world.list_item("anna", title="Old")
    world.revise("anna", item, title="New")
    world.close()

    again = ManualWorld(seed=3, now=START, ledger=tmp_path / "ledger.jsonl")

    entity = again.inventories["anna"].listings[item]
    assert entity.indexed is entity.shown is entity.newest
    assert again.inventories["anna"].listings_by_modified == [(from_iso(NOW), entity.hash, item)]
    again.close()
