"""The database is put back under a running worker, and nobody says so: nothing is given out twice, and all is recorded again."""

from __future__ import annotations

from collections.abc import Callable

from simulator import World
from tests.support.backups import Backup
from tests.support.house import House
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import eventually_here

SELLERS = ("anna", "bert", "carla")


def orders(house: House) -> set[str]:
    return {one["entity_id"] for one in house.events() if one["type"] == "order.created"}


def test_what_was_lost_is_recorded_again_under_other_ids(
    open_house: Callable[..., House],  # noqa: F811
    execute: Callable[[str], None],
) -> None:
    house = open_house(World(seed=41), orders_every="1s")
    backup = Backup(execute, house.database)
    for seller in SELLERS:
        house.enroll(seller)
    worker = house.worker()
    before = {house.world.place_order(seller) for seller in SELLERS}
    eventually_here(lambda: before <= orders(house))

    house.store.close()
    backup.take()
    try:
        lost = {house.world.place_order(seller) for seller in SELLERS}
        eventually_here(lambda: lost <= orders(house))
        known = {one["id"]: one for one in house.events()}
        last = max(one["position"] for one in known.values())
        house.store.close()
        backup.put_back()
        after = {house.world.place_order(seller) for seller in SELLERS}

        eventually_here(lambda: lost | after <= orders(house))

        anew = [one for one in house.events() if one["id"] not in known]
        assert all(known.get(one["id"], one) == one for one in house.events())
        assert min(one["position"] for one in anew) > last
        assert [one["kind"] for one in house.store.alerts()] == ["restored"]
        assert worker.process.poll() is None
        said = house.command("restored", "--json")
        assert (said.code, said.err, said.object["enroll"], said.object["remove"]) == (0, "", [], [])
        assert house.store.alerts() == []
    finally:
        house.close()
        backup.drop()
