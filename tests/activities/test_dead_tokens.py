"""Dead tokens are tried again, now and then, and who lives again is woken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.fleet.dead_tokens import REFUSED_AT_MOST, DeadTokens
from activities.fleet.lost_sellers import LostSellers
from activities.polling import tokens
from activities.polling.tokens import StoredTokens
from simulator.state.accounts import OTHER_KEYS
from store.schema.kinds import AlertKind
from tests.support.keyed_fleet import Fleet, forget_keys
from workflows.messages import Connected
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState


async def look(fleet: Fleet, client: Client | None = None) -> int:
    watchdog = DeadTokens(fleet.tokens, client)  # type: ignore[arg-type]
    if client:
        await watchdog.wake()
    return watchdog.retry(fleet.now)


def kill(fleet: Fleet) -> None:
    """One after another, so that each is believed."""
    fleet.expire()
    fleet.refuse()
    for seller in fleet.sellers:
        assert fleet.attempt(seller) == "dead"
        fleet.advance(minutes=11)
    fleet.relent()


async def test_a_dead_token_is_tried_once_a_day(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(2)
    fleet.world.accounts.revoke("s1")
    kill(fleet)
    before = fleet.asked()
    for _ in range(23 * 6):
        assert await look(fleet) == 0
        fleet.advance(minutes=10)
    early = fleet.asked() - before
    fleet.advance(hours=1)
    late = [await look(fleet) for _ in range(3)]

    assert early == 0
    assert (late, fleet.asked() - before) == ([1, 0, 0], 2)
    assert fleet.dead() == ["s1"]
    assert fleet.attempt("s0") == "ok"
    assert fleet.types("s0") == ["seller.needs_reauthorization", "seller.reauthorized"]
    assert fleet.types("s1") == ["seller.needs_reauthorization"]
    assert fleet.alerts() == [("s1", "needs_reauthorization")]


def test_a_step_that_is_asked_for_tries_a_dead_token_that_is_due_too(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(1)
    kill(fleet)
    soon = fleet.attempt("s0")
    fleet.advance(days=1)

    assert (soon, fleet.attempt("s0")) == ("dead", "ok")
    assert fleet.alerts() == []


async def test_a_dead_token_is_tried_by_another_version_and_with_other_keys(
    fleet_of: Callable[[int], Fleet], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = fleet_of(3)
    kill(fleet)
    same = await look(fleet)
    monkeypatch.setattr("activities.polling.tokens.VERSION", "Sellerbeat/next")
    monkeypatch.setattr("activities.fleet.dead_tokens.VERSION", "Sellerbeat/next")
    fleet.advance(hours=1)

    assert (same, await look(fleet)) == (0, 3)
    kill(fleet)
    fleet.keys(*OTHER_KEYS)
    assert await look(fleet) == 0
    fleet.restart()
    assert await look(fleet) == 3
    assert tokens.VERSION == "Sellerbeat/next"


async def test_hundreds_of_dead_tokens_cost_a_few_calls_a_look_and_right_keys_bring_all_back_at_once(
    fleet_of: Callable[[int], Fleet],
) -> None:
    fleet = fleet_of(40)
    forget_keys(fleet)
    with fleet.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.tokens SET dead_at = clock_timestamp(), dead_reason = 'as a version before said'")
    fleet.refuse()
    before = fleet.asked()
    refused = [await look(fleet) for _ in range(2)]
    asked = fleet.asked() - before
    fleet.relent()

    assert (refused, asked) == ([0, 0], 2 * REFUSED_AT_MOST)
    assert await look(fleet) == 40 - asked
    assert len(fleet.dead()) == asked


async def test_the_workflow_of_who_lives_again_is_woken_once(fleet_of: Callable[[int], Fleet], temporal: Client) -> None:
    fleet = fleet_of(2)
    kill(fleet)
    fleet.advance(days=1)
    assert await look(fleet) == 2
    state = PollingState.new("s0", fleet.now)
    workflow = await temporal.start_workflow(SellerPolling.run, state, id="ebay-polling:s0", task_queue="nobody works here")

    for _ in range(2):
        await look(fleet, temporal)  # s1 has no workflow

    signals = [
        event async for event in workflow.fetch_history_events() if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]
    await workflow.terminate()
    (signal,) = signals
    given = signal.workflow_execution_signaled_event_attributes
    (message,) = await temporal.data_converter.decode(given.input.payloads, [Connected])
    assert (given.signal_name, message) == ("connected", Connected(generation=2))
    assert fleet.store.tokens.trials.revived() == []


def test_a_good_token_of_one_process_shows_in_the_doubt_of_the_other(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(3)
    fleet.expire()
    fleet.refuse()
    fleet.attempts()
    fleet.relent()
    fleet.advance(minutes=1)
    other = StoredTokens(fleet.store, fleet.right)
    other.renewed("s0", "")
    doubted = fleet.store.alerts()
    other.renewed("s1", "")

    assert [alert["kind"] for alert in doubted] == [AlertKind.KEYS_REFUSED]
    assert fleet.store.alerts() == []


async def test_the_watchdog_looks_after_dead_tokens(fleet_of: Callable[[int], Fleet], temporal: Client) -> None:
    fleet = fleet_of(1)
    kill(fleet)
    fleet.advance(days=1)
    environment = ActivityEnvironment(client=temporal)
    environment.info = replace(environment.info, started_time=fleet.now)

    lost = await environment.run(LostSellers(fleet.store, temporal, DeadTokens(fleet.tokens, temporal)).find_lost_sellers)

    assert [one.seller_id for one in lost] == ["s0"]  # there is no workflow that could be woken: it is started
    assert fleet.dead() == []
    assert fleet.store.tokens.trials.revived() == []


async def test_where_ebay_does_not_answer_dead_tokens_wait_and_cost_a_call_a_look(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(4)
    kill(fleet)
    fleet.advance(days=1)
    fleet.world.faults.force(503, "<html>", times=3, resource="token")
    before = fleet.asked()

    assert [await look(fleet) for _ in range(4)] == [0, 0, 0, 4]
    assert fleet.asked() - before == 3 + 4
