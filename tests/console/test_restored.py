"""`starter.py restored`: what it does and says, in 80 columns, as often as it is said, and also where Temporal is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from activities.fleet.feed_memory import compare_feed, recalled
from tests.store.documents import order, store_orders
from tests.support.house import House
from tests.support.waiting import eventually_here
from workflows.attributes import STATE
from workflows.messages import workflow_id
from workflows.schedules import missing_schedules
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState

SELLERS = ("known", "ended", "paused", "resumed")


async def polled(client: Client, house: House, seller: str, state: str) -> None:
    """A workflow that runs, without a worker, and shows this state."""
    await client.start_workflow(
        SellerPolling.run,
        PollingState.new(seller, house.opened),
        id=workflow_id(seller),
        task_queue=house.environment["SELLERBEAT_TASK_QUEUE"],
        search_attributes=TypedSearchAttributes([SearchAttributePair(STATE, state)]),
    )


@pytest.fixture(scope="module")
def restored(house: House) -> Iterator[House]:
    """Four sellers are enrolled here, and Temporal knows more: of one who is not, of one who left, and who is paused."""
    for seller in SELLERS:
        house.enroll(seller)
    house.store.save_overrides("resumed", {"paused": "of before"})

    async def life(client: Client) -> None:
        for seller in SELLERS:
            await client.get_workflow_handle(workflow_id(seller)).terminate("begun anew, with a state to show")
        await polled(client, house, "unknown", "polling")
        for seller, state in (("known", "polling"), ("paused", "paused"), ("resumed", "polling")):
            await polled(client, house, seller, state)

    with house.store.engine.begin() as connection:  # only one of them ended after the enrolment
        connection.exec_driver_sql("UPDATE sellerbeat.sellers SET enrolled_at = now() + interval '1 h' WHERE seller_id <> 'ended'")
    house.ask(life)
    yield house
    house.ask(lambda client: client.get_workflow_handle(workflow_id("unknown")).terminate("the test is over"))


def test_it_names_whom_to_look_after_and_puts_right_what_it_can(restored: House) -> None:
    last = restored.store.feed.last()

    said = restored.command("restored", "--json")

    assert (said.code, said.err) == (0, "")
    answer = said.object
    assert (answer["enroll"], answer["remove"], answer["pause"], answer["resume"]) == (["unknown"], ["ended"], ["paused"], ["resumed"])
    assert answer["position"] > last
    assert (answer["temporal"], answer["rows"], answer["taken"]) == (True, {}, 0)
    assert restored.ask(lambda client: missing_schedules(client, restored.environment["SELLERBEAT_TASK_QUEUE"])) == []
    memory = restored.ask(lambda client: recalled(client, restored.environment["SELLERBEAT_TASK_QUEUE"]))
    assert memory
    assert (memory.position, memory.generation) == (answer["position"], answer["feed"])
    assert restored.store.alerts() == []


def test_for_people_it_fits_into_80_columns_and_may_be_said_again(restored: House) -> None:
    first, second = restored.command("restored"), restored.command("restored")

    assert (first.code, first.err, second.code, second.err) == (0, "", 0, "")
    assert max(len(line) for line in first.out.splitlines()) <= 80
    words = " ".join(first.out.split())
    assert "not enrolled here: unknown." in words
    assert "nothing had come back" in words
    assert first.out != second.out  # another generation


def test_after_a_worker_noticed_the_restore_nothing_is_renewed_again(restored: House) -> None:
    queue = restored.environment["SELLERBEAT_TASK_QUEUE"]
    standing = restored.store.restores.renew()

    restored.ask(lambda client: compare_feed(client, restored.store, queue))
    answer = restored.command("restored", "--json").object

    assert answer["feed"] == standing.generation
    assert restored.store.alerts() == []


def test_who_was_erased_is_erased_again_by_the_list_of_before(restored: House, tmp_path: Path) -> None:
    store_orders(restored.store, order("o-1", buyer={"username": "buyer-of-before"}), seller_id="known")
    restored.store.deletions.take("buyer-of-before", "user-1", "e-1")
    (tmp_path / "erasures.jsonl").write_text("\n".join(json.dumps(row) for row in restored.store.deletions.rows()))
    with restored.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sellerbeat.deletions")

    answer = restored.command("restored", "--json", "--erasures", str(tmp_path / "erasures.jsonl")).object

    assert (answer["taken"], answer["rows"]["orders"]) == (1, 1)
    assert "buyer-of-before" not in json.dumps(restored.events("known"))


@pytest.mark.parametrize("words", ["no JSON", '{"id": "e-2"}'])
def test_a_list_that_cannot_be_read_is_refused_before_anything_is_done(restored: House, tmp_path: Path, words: str) -> None:
    (tmp_path / "erasures.jsonl").write_text(words)
    before = restored.store.restores.standing()

    said = restored.command("restored", "--erasures", str(tmp_path / "erasures.jsonl"))

    assert "--erasures" in said.failure(2)
    assert restored.store.restores.standing() == before


def test_without_temporal_the_database_is_done_and_it_says_what_is_left(restored: House, nobody: str) -> None:
    before = restored.store.restores.standing()

    said = restored.command("restored", TEMPORAL_ADDRESS=nobody)

    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "run starter.py restored again" in said.err
    assert restored.store.restores.standing().generation != before.generation
    assert [one["kind"] for one in restored.store.alerts()] == ["restored"]
    assert restored.command("restored").code == 0
    eventually_here(lambda: restored.store.alerts() == [])
