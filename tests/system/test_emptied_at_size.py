"""Temporal emptied under a worker with 400 sellers: all are polled again within two minutes, by what the worker does alone."""

from __future__ import annotations

import time
from pathlib import Path

from tests.end_to_end.test_emptied import Execute, own_house
from tests.support.house import House
from tests.support.waiting import eventually_here
from workflows.attributes import FLAGS

SELLERS = 400
PROMISED_S = 120
POLLED_SINCE = "SELECT count(DISTINCT seller_id) FROM sellerbeat.streams WHERE stream = 'orders' AND last_good_at > :since"


def polled_since(house: House, since: object) -> int:
    return int(house.rows(POLLED_SINCE, since=since)[0][0])


def test_400_sellers_are_polled_again_within_two_minutes(
    postgres_server: str, execute: Execute, migrated_template: str, tmp_path: Path
) -> None:
    settings = {"orders_every": "10m", "fulfillment_every": "6h", "inventory_every": "6h"}
    with own_house(postgres_server, execute, migrated_template, tmp_path, **settings) as (house, temporal):
        for number in range(SELLERS):
            seller = f"s{number}"
            house.world.add_seller(seller)
            house.store.sellers.enroll(seller, house.world.refresh_token(seller), scopes=[], now_ebay=house.world.clock.now())
        worker = house.worker()
        eventually_here(lambda: polled_since(house, house.opened) == SELLERS, within=300)

        temporal.empty(FLAGS)
        began = time.monotonic()
        ((emptied,),) = house.rows("SELECT clock_timestamp()")
        eventually_here(lambda: polled_since(house, emptied) == SELLERS, within=300)
        took_s = time.monotonic() - began

        assert worker.process.poll() is None
        assert took_s < PROMISED_S


def test_where_search_attributes_are_missing_the_worker_says_so_within_a_minute(
    postgres_server: str, execute: Execute, migrated_template: str, tmp_path: Path
) -> None:
    with own_house(postgres_server, execute, migrated_template, tmp_path) as (house, temporal):
        worker = house.worker()
        temporal.empty()
        began = time.monotonic()

        eventually_here(lambda: "run starter.py migrate" in worker.output())

        assert time.monotonic() - began < 75  # a minute, and the start of the empty one
