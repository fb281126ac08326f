"""The rows wake workflows, whatever is lost in between."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client

from ebay.topics import ACCOUNT_DELETION
from inbox.waker import Waker
from simulator import World
from store import Store
from tests.inbox.letterbox import Letterbox
from tests.support.waiting import eventually
from tests.workflows.fakes import QUEUE, orders_only, polling_worker
from workflows.client import TemporalUnavailableError
from workflows.messages import workflow_id
from workflows.seller_polling import SellerPolling


async def test_a_word_that_was_lost_is_said_again_from_the_row(letterbox: Letterbox, temporal: Client) -> None:
    async def client() -> Client:
        return temporal

    await letterbox.post(letterbox.body())
    letterbox.store.notifications.to_wake()  # claimed, and then the process died before it could tell
    with letterbox.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.notifications SET woken_at = clock_timestamp() - interval '61 seconds'"))
    async with polling_worker(temporal) as steps:
        await temporal.start_workflow(
            SellerPolling.run, orders_only(datetime.now(UTC), seller_id="anna"), id=workflow_id("anna"), task_queue=QUEUE
        )
        await Waker(letterbox.inbox, client).look()

        await eventually(lambda: len(steps.notified) == 1)

    assert [(row["wakes"], row["state"]) for row in letterbox.rows()] == [(2, "pending")]


async def test_who_does_not_run_is_said_again_later(letterbox: Letterbox, temporal: Client) -> None:
    async def client() -> Client:
        return temporal

    await letterbox.post(letterbox.body())
    await Waker(letterbox.inbox, client).look()

    assert [(row["wakes"], row["state"]) for row in letterbox.rows()] == [(1, "pending")]


async def test_without_temporal_nothing_is_claimed(letterbox: Letterbox) -> None:
    async def nobody() -> Client:
        raise TemporalUnavailableError("no answer")

    await letterbox.post(letterbox.body())
    with pytest.raises(TemporalUnavailableError):
        await Waker(letterbox.inbox, nobody).look()

    assert letterbox.rows()[0]["wakes"] == 0


async def test_each_row_wakes_once_in_a_while(letterbox: Letterbox) -> None:
    await letterbox.post(letterbox.body(id_="one"))
    claims = [letterbox.store.notifications.to_wake() for _ in range(3)]
    await letterbox.post(letterbox.body(id_="two"))
    claims.append(letterbox.store.notifications.to_wake())

    assert claims == [["anna"], [], [], ["anna"]]


async def test_who_is_removed_is_not_woken(letterbox: Letterbox) -> None:
    await letterbox.post(letterbox.body())
    letterbox.store.sellers.remove("anna")

    assert letterbox.store.notifications.to_wake() == []


async def test_a_topic_of_the_application_goes_to_its_handler_until_its_row_ends(
    store: Store, world: World, ebay_url: str, temporal: Client
) -> None:
    taken: list[tuple[str, str]] = []

    async def handler(client: Client, task_queue: str, id_: str) -> None:
        taken.append((task_queue, id_))
        if len(taken) == 1:
            raise RuntimeError("the first attempt fails")
        store.notifications.end([id_])

    async def client() -> Client:
        return temporal

    box = Letterbox(store, world, ebay_url, handlers={ACCOUNT_DELETION: handler})
    await box.post(box.body(topic=ACCOUNT_DELETION, id_="bye", data={"username": "u", "userId": "i"}), to="")
    waker = Waker(box.inbox, client)
    with pytest.raises(RuntimeError):
        await waker.look()
    await waker.look()
    assert taken == [("inbox-tests", "bye")]

    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.notifications SET woken_at = clock_timestamp() - interval '61 seconds'"))
    await waker.look()
    await box.close()

    assert taken == [("inbox-tests", "bye")] * 2
    assert [(row["state"], row["person"]) for row in box.rows()] == [("done", None)]


async def test_a_broken_handler_keeps_nobody_waiting(store: Store, world: World, ebay_url: str, temporal: Client, caplog: Any) -> None:
    async def broken(client: Client, task_queue: str, id_: str) -> None:
        raise ValueError("canary")

    async def client() -> Client:
        return temporal

    box = Letterbox(store, world, ebay_url, handlers={ACCOUNT_DELETION: broken})
    keeping = asyncio.create_task(Waker(box.inbox, client).keep())
    await box.post(box.body(topic=ACCOUNT_DELETION, data={"userId": "i"}), to="")
    await eventually(lambda: "could not be handed on" in caplog.text)
    assert not keeping.done()
    keeping.cancel()
    await box.close()

    assert "canary" not in caplog.text
    assert [row["state"] for row in box.rows()] == ["pending"]


async def test_old_rows_are_forgotten_but_for_what_a_person_waits_for(letterbox: Letterbox) -> None:
    await letterbox.post(letterbox.body(id_="old"))
    await letterbox.post(letterbox.body(id_="bye", topic=ACCOUNT_DELETION, data={"userId": "i"}))
    with letterbox.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.notifications SET received_at = received_at - interval '91 days'"))
    await letterbox.post(letterbox.body(id_="new"))

    assert letterbox.store.notifications.prune(timedelta(days=90)) == 1
    assert {row["notification_id"] for row in letterbox.rows()} == {"bye", "new"}


SIGHTED = """
    WITH mode AS (
        INSERT INTO sellerbeat.modes (seller_id, mode, since, watched_since) VALUES ('gone', 'polling', now(), now()) ON CONFLICT DO NOTHING
    )
    INSERT INTO sellerbeat.sightings (seller_id, kind, entity_id, version, event_id, types, occurred_at, first_by, first_at)
    VALUES ('gone', 'order', :id, 1, 'e', '{}', now(), 'polling', now() - interval '91 days')
"""


async def test_what_is_old_goes_a_part_at_each_look_until_none_is_left(store: Store, world: World, ebay_url: str, temporal: Client) -> None:
    async def client() -> Client:
        return temporal

    box = Letterbox(store, world, ebay_url)
    waker = Waker(box.inbox, client)
    for id_ in ("old", "older"):
        await box.post(box.body(id_=id_))
        with store.engine.begin() as connection:
            connection.execute(text("UPDATE sellerbeat.notifications SET received_at = received_at - interval '91 days'"))
            connection.execute(text(SIGHTED), {"id": id_})
        await waker.look()
    await box.close()

    with store.engine.connect() as connection:
        left = [connection.execute(text(f"SELECT count(*) FROM sellerbeat.{table}")).scalar() for table in ("notifications", "sightings")]
    assert left == [0, 0]
