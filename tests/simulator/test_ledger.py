import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator import Life, serve
from simulator.ledger import read
from tests.support.manual_world import ManualWorld

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)


def world_at(path: Path | None, now: datetime = START) -> ManualWorld:
    world = ManualWorld(seed=5, now=now, ledger=path)
    world.add_seller("anna", orders_a_day=300, skus=10)
    return world


def test_every_version_is_a_line_with_its_list_document(tmp_path: Path) -> None:
    world = world_at(tmp_path / "ledger.jsonl")
    order_id = world.place_order("anna", paid=False, visible_at=START + timedelta(minutes=4))
    world.clock.advance(seconds=1)
    world.pay("anna", order_id)

    first, second = read(tmp_path / "ledger.jsonl")

    document = second.pop("document")
    assert document == world.order("anna", order_id)
    assert document["orderPaymentStatus"] == "PAID"
    assert (first["version"], first["visible_at"]) == (1, "2026-06-18T12:04:00.000Z")
    assert second == {
        "seller": "anna",
        "kind": "order",
        "entity_id": order_id,
        "version": 2,
        "modified_at": "2026-06-18T12:00:01.000Z",
        "visible_at": "2026-06-18T12:00:01.000Z",
        "removed": False,
    }
    world.close()


def test_a_second_run_goes_on_with_the_same_world(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = world_at(path)
    first.preload_skus("anna")
    first.preload_orders("anna", 20, START - timedelta(days=3), shipped=0.5)
    Life(first, rate=10).run_until(START + timedelta(hours=2))
    late = first.place_order("anna", visible_at=START + timedelta(hours=3))
    first.close()

    second = world_at(path, START + timedelta(hours=2))

    assert second.order_ids("anna") == first.order_ids("anna")
    assert second.skus("anna") == first.skus("anna")
    whole = world_at(path)  # `first` has closed its file
    for order_id in second.order_ids("anna"):
        assert second.order("anna", order_id) == whole.order("anna", order_id)
        assert second.parcels("anna", order_id) == whole.parcels("anna", order_id)
    assert second.inventories["anna"].orders[late].shown is None
    assert second.place_order("anna") not in first.order_ids("anna")
    assert second.refresh_token("anna") == first.refresh_token("anna")
    second.close()
    whole.close()


def test_a_torn_last_line_is_dropped_and_writing_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    world = world_at(path)
    whole = world.place_order("anna")
    world.close()
    with path.open("ab") as file:
        file.write(b'{"seller":"anna","kind":"order","entity_id":"03')
    assert len(list(read(path))) == 1

    again = world_at(path)
    new = again.place_order("anna")

    assert [row["entity_id"] for row in read(path)] == [whole, new]
    again.close()


def test_unusual_text_survives_in_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    world = world_at(path)
    order_id = world.place_order(
        "anna", change={"note": 'a\x00b\ud800 "document":{}'}, raw=lambda text: text.replace('"quantity":', '"big":1e400,"quantity":')
    )
    world.close()

    again = world_at(path)

    (row,) = read(path)
    assert row["document"]["note"] == 'a\x00b\ud800 "document":{}'
    assert again.order("anna", order_id)["lineItems"][0]["big"] == "1e400"
    assert "1e400" in path.read_text()
    again.close()


@pytest.mark.parametrize("file", [True, False])
def test_a_line_is_there_before_its_order_can_be_seen(tmp_path: Path, file: bool) -> None:
    world = world_at(tmp_path / "ledger.jsonl" if file else None)

    order_id = world.place_order("anna")

    rows = list(read(tmp_path / "ledger.jsonl")) if file else list(world.rows())
    assert [row["entity_id"] for row in rows] == [order_id]
    world.close()


def test_a_hundred_thousand_orders_come_in_seconds_and_are_answered_in_milliseconds() -> None:
    world = world_at(None)

    began = time.thread_time()
    world.preload_orders("anna", 100_000, START - timedelta(days=60))
    loaded = time.thread_time() - began
    inventory = world.inventories["anna"]
    now = world.clock.now_ms()
    times = []
    for width in (0, 10**6, 10**8, 5 * 10**9):
        began = time.thread_time()
        inventory.select(inventory.by_modified, now - width, now, (), 0, 200)
        times.append(time.thread_time() - began)

    assert loaded < 15  # about 1.3 s on two free cores
    assert max(times) < 0.1  # a millisecond or two


def test_the_server_ends_with_its_block_and_frees_its_port() -> None:
    with serve(world_at(None)) as running:
        port = int(running.url.rsplit(":", 1)[1])
    with serve(world_at(None), port) as again:
        assert again.url == running.url
