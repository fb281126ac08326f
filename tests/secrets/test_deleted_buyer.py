"""A buyer leaves eBay while everything runs: afterwards every byte that was kept or said is searched for them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text

from demo_stack import devstack
from domain.pacing import Stream
from simulator import World, serve
from tests.support.canary import BUYER, found, put_buyer
from tests.support.databases import fresh
from tests.support.dumps import postgres_columns, sqlite_files
from tests.support.histories import raw
from tests.support.house import ROOT, House
from tests.support.waiting import eventually_here
from workflows.attributes import FLAGS
from workflows.erasing import Erasing
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

SLOW = {"orders_every": "1h", "fulfillment_every": "1h", "inventory_every": "1h", "ebay_timeout": "3s"}
USER_ID = "ebay-user-id-4711"
ERASE = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from store import Store
store = Store.connect(os.environ["SELLERBEAT_DATABASE_URL"], [os.environ["SELLERBEAT_SECRET_KEYS"]])
(deletion,) = store.deletions.due()
print("begins", flush=True)
store.erasing.buyer(deletion.username, deletion.id)
print("ended", flush=True)
"""


def counted(house: House, where: str) -> int:
    return int(house.rows(f"SELECT count(*) FROM sellerbeat.{where}")[0][0])


def look(house: House) -> dict[str, Any]:
    """The next round, as the schedule would run it, with the time until then skipped."""
    with house.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.deletions SET look_at = clock_timestamp() WHERE look_at IS NOT NULL"))
    queue = house.environment["SELLERBEAT_TASK_QUEUE"]
    erased = house.ask(lambda client: client.execute_workflow(Erasing.run, id="erasing-now", task_queue=queue))
    return erased.model_dump()


def pause_rounds(house: House) -> None:
    """The worker's own, once a minute: else one may come just between two of the test's."""
    schedule = f"sellerbeat-erasing:{house.environment['SELLERBEAT_TASK_QUEUE']}"
    house.ask(lambda client: client.get_schedule_handle(schedule).pause())


def reached(house: House, rows: str, least: int) -> bool:
    return counted(house, rows) >= least


def poll(house: House, **changes: int) -> None:
    """Until there are so many changes of each of these types (`order_updated=1`)."""
    for name in ("anna", "bert"):
        house.signal(name, SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))
        house.signal(name, SellerPolling.poll_now, PollNow(stream=Stream.FULFILLMENT))
    for name, least in changes.items():
        kind = name.replace("_", ".")
        eventually_here(partial(reached, house, f"change_events WHERE type = '{kind}'", least))


def test_a_deleted_buyer_is_in_no_table_log_or_file_of_temporals(
    postgres_server: str, execute: Callable[[str], None], migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, world = tmp_path_factory.mktemp("deleted"), World(seed=53)
    for name in ("anna", "bert"):
        world.add_seller(name)
        for _ in range(2):
            world.place_order(name, change=put_buyer)
    with (
        fresh(postgres_server, execute, migrated_template) as database,
        serve(world) as ebay,
        devstack.temporal(folder / "server", extra=FLAGS) as temporal,
    ):
        house = House(folder, world, ebay.url, database, temporal.address, **SLOW)
        try:
            for name in ("anna", "bert"):
                house.enroll(name, "--backfill", "7d")
            worker = house.worker(talkative=True)
            pause_rounds(house)
            eventually_here(lambda: counted(house, "orders") == 4)
            world.ship("anna", world.order_ids("anna")[0])
            poll(house, order_updated=1, fulfillment_created=1)
            before = {place for _, place in found(BUYER.values(), postgres_columns(database))}
            events = counted(house, "change_events")

            house.store.deletions.take(BUYER["username"], USER_ID, "notification-1")
            with house.store.engine.begin() as connection:  # whom it waits for, so that it is killed in the middle
                connection.execute(text("SELECT 1 FROM sellerbeat.sellers WHERE seller_id = 'bert' FOR UPDATE"))
                child = house.child("eraser", "-c", ERASE)
                eventually_here(lambda: "begins" in child.out.read_text() or child.process.poll() is not None)
                killed = child.end(signal.SIGKILL)
            left = found([BUYER["username"]], {"orders": postgres_columns(database)["orders.data"]})
            first, second = look(house), look(house)
            for name in ("anna", "bert"):
                world.modify(name, world.order_ids(name)[0], lambda order: order.update(salesRecordReference="4711"))
            poll(house, order_updated=3)  # eBay shows the buyer as before; the shipped order was one
            listed = house.command("erasures", "--json")

            assert worker.end(signal.SIGTERM) == 0
            reported = {f"history {number}": raw(one) for number, one in enumerate(house.histories())}
            stored = postgres_columns(database)
            logs = {path.name: path.read_bytes() for pattern in ("*.err", "*.out") for path in folder.glob(pattern)}
        finally:
            house.close()
    files = sqlite_files(folder / "server")

    assert before >= {"orders.data", "change_events.data"}
    assert (killed, bool(left)) == (-9, True)
    assert (first["looked_for"], first["done"], second["done"], second["rows"]) == (1, 0, 1, {})
    assert listed.object["counts"]["orders"] == 4
    assert listed.object["state"] == "done"
    assert events >= listed.object["counts"]["change_events"] >= 4
    assert any(b"erase_users" in content for content in reported.values())
    assert any(name.endswith("temporal.db") for name in files)
    assert found([*BUYER.values(), USER_ID], stored | reported | files | logs | {"listed": listed.out.encode()}) == []
