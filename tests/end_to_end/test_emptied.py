"""Temporal loses all it has while a worker runs: sellers are polled again, without a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from activities.fleet.feed_memory import recalled
from demo_stack import devstack
from simulator import World, serve
from store.events.restores import DOUBT_DATABASE
from tests.support.databases import fresh
from tests.support.house import House
from tests.support.waiting import eventually_here
from workflows.attributes import FLAGS
from workflows.keeping import look

SELLERS = ("anna", "bert", "carla")
Execute = Callable[[str], None]


class OwnTemporal:
    """A dev server that can be replaced by an empty one at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running = ExitStack()
        self.address = self.start(FLAGS)

    def start(self, flags: tuple[str, ...]) -> str:
        return self.running.enter_context(devstack.temporal(self.folder, extra=flags)).address

    def empty(self, flags: tuple[str, ...] = ()) -> None:
        self.running.close()
        for file in (self.folder / "temporal").glob("temporal.db*"):
            file.unlink()
        assert self.start(flags) == self.address


@contextmanager
def own_house(postgres_server: str, execute: Execute, template: str, folder: Path, **settings: str) -> Iterator[tuple[House, OwnTemporal]]:
    world, temporal = World(seed=31), OwnTemporal(folder / "stack")
    with temporal.running, fresh(postgres_server, execute, template) as database, serve(world) as ebay:
        house = House(folder, world, ebay.url, database, temporal.address, **settings)
        try:
            yield house, temporal
        finally:
            house.close()


def test_sellers_are_polled_again_when_temporal_was_emptied_under_a_worker(
    postgres_server: str, execute: Execute, migrated_template: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The search attributes are lost too: a line says what to run, and once that is done all goes on. The worker had begun by making a
    restored database good."""
    with own_house(postgres_server, execute, migrated_template, tmp_path) as (house, temporal):
        queue = house.environment["SELLERBEAT_TASK_QUEUE"]
        for seller in SELLERS:
            house.enroll(seller)
        house.store.restores._execute(DOUBT_DATABASE)
        worker = house.worker()
        assert [one["kind"] for one in house.store.alerts()] == ["restored"]  # before it took a task
        eventually_here(lambda: all(house.runs(seller) == ["RUNNING"] for seller in SELLERS))

        temporal.empty()
        with caplog.at_level(logging.ERROR, "sellerbeat.worker"):
            eventually_here(lambda: house.command("doctor", "--json").code == 1)
            house.ask(lambda client: look(client, house.store, queue))
        unwell = {row["what"]: row["found"] for row in house.command("doctor", "--json").objects}
        orders = {seller: house.world.place_order(seller) for seller in SELLERS}  # before their first poll: the next one is minutes later
        assert house.command("migrate").code == 0
        house.ask(lambda client: look(client, house.store, queue))

        eventually_here(lambda: set(orders.values()) <= {one["entity_id"] for one in house.events()})
        eventually_here(lambda: house.command("doctor", "--json").code == 0)
        eventually_here(lambda: house.ask(lambda client: recalled(client, queue)) is not None)
        assert worker.process.poll() is None
        assert [record.getMessage() for record in caplog.records if "run starter.py migrate" in record.getMessage()]
        assert "sellerbeat-watchdog" in unwell["worker"]
        assert "starter.py migrate" in unwell["search attributes"]
