"""Planted edits of the workflows, each as a release might bring it: the replay of the recorded histories catches every one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from activities.fleet.lost_sellers import LostSellers
from activities.polling.poll import STEP_OPTIONS
from domain.pacing import Stream
from domain.streams import STREAMS
from tests.workflows.recorded import NAMES, load
from workflows import seller_polling, watchdog
from workflows.delivery import Delivery
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState
from workflows.watchdog import Watchdog

Patch = pytest.MonkeyPatch


class Renamed:
    @activity.defn
    async def look_for_lost_sellers(self) -> list[Any]:
        raise NotImplementedError


def nothing(patch: Patch) -> None:
    """Today's code, in the harness of the edits."""


def another_text(patch: Patch) -> None:
    """What people read is no part of the path: reasons, the card, summaries."""
    before = PollingState.state
    patch.setattr(PollingState, "state", lambda self: (before(self)[0], "in other words"))
    patch.setattr(seller_polling, "card", lambda state, now: "another card")
    patch.setattr(seller_polling, "short", lambda text: "another summary")


def another_time(patch: Patch) -> None:
    """Nor is how long a step may take."""
    patch.setitem(STEP_OPTIONS, "heartbeat_timeout", timedelta(seconds=30))


def patched(patch: Patch) -> None:
    """A timer added behind `workflow.patched`: the old way stays for those who began with it."""
    before = SellerPolling.poll

    async def poll(self: SellerPolling, stream: Stream) -> None:
        if workflow.patched("breathe"):
            await workflow.sleep(1)
        await before(self, stream)

    patch.setattr(SellerPolling, "poll", poll)


def a_timer_added(patch: Patch) -> None:
    before = SellerPolling.poll

    async def poll(self: SellerPolling, stream: Stream) -> None:
        await workflow.sleep(1)
        await before(self, stream)

    patch.setattr(SellerPolling, "poll", poll)


def a_timer_left_out(patch: Patch) -> None:
    patch.setattr(PollingState, "time_left", lambda self, now: None)


def a_pause_without_its_end(patch: Patch) -> None:
    patch.setattr(PollingState, "pause_is_over", lambda self, now: False)


def an_end_that_nobody_waits_for(patch: Patch) -> None:
    before = PollingState.time_left
    patch.setattr(PollingState, "time_left", lambda self, now: None if self.pause else before(self, now))


def a_speed_up_that_is_not_stored(patch: Patch) -> None:
    patch.setattr(seller_polling, "SPEED_UP_SAVED", "another name")


def a_step_renamed(patch: Patch) -> None:
    patch.setitem(STREAMS, Stream.ORDERS, replace(STREAMS[Stream.ORDERS], step="read_orders"))


def a_step_added(patch: Patch) -> None:
    before = SellerPolling.poll

    async def poll(self: SellerPolling, stream: Stream) -> None:
        await self.remember()
        await before(self, stream)

    patch.setattr(SellerPolling, "poll", poll)


def a_step_left_out(patch: Patch) -> None:
    async def remember(self: SellerPolling) -> None:
        self.state.persisted = True

    patch.setattr(SellerPolling, "remember", remember)


def polls_in_another_order(patch: Patch) -> None:
    before = PollingState.due
    patch.setattr(PollingState, "due", lambda self, now, **how: before(self, now, **how)[::-1])


def overrides_saved_after_the_poll(patch: Patch) -> None:
    before = PollingState.due

    async def remember(self: SellerPolling) -> None:
        if due := before(self.state, workflow.now()):
            await self.poll(due[0])
        await stored(self)

    stored = SellerPolling.remember
    patch.setattr(SellerPolling, "remember", remember)


def a_signal_renamed(patch: Patch) -> None:
    signals = workflow._Definition.must_from_class(SellerPolling).signals
    patch.delitem(signals, "pause")


def signals_that_no_longer_wake(patch: Patch) -> None:
    patch.setattr(SellerPolling, "changed", SellerPolling.show)


def another_backoff(patch: Patch) -> None:
    patch.setattr("workflows.state.BACKOFF", (timedelta(minutes=10), timedelta(minutes=10)))


def a_failure_that_ends_the_polling(patch: Patch) -> None:
    def fail(self: SellerPolling, stream: Stream, cause: BaseException | None) -> None:
        self.gone = True

    patch.setattr(SellerPolling, "fail", fail)


def continued_as_new_later(patch: Patch) -> None:
    patch.setattr(seller_polling, "LONG_ENOUGH", 5000)


def continued_as_new_sooner(patch: Patch) -> None:
    patch.setattr(seller_polling, "LONG_ENOUGH", 100)


def a_cadence_that_waits_for_the_next_poll(patch: Patch) -> None:
    patch.setattr(PollingState, "hurry", lambda self, streams, why: None)


def another_word_for_a_state(patch: Patch) -> None:
    before = PollingState.state
    patch.setattr(PollingState, "state", lambda self: (before(self)[0].replace("paused", "polling"), ""))


def the_last_change_by_the_minute(patch: Patch) -> None:
    patch.setattr("workflows.attributes.by_the_hour", lambda moment: moment and moment.replace(second=0, microsecond=0))


def another_search_for_the_lost(patch: Patch) -> None:
    patch.setattr(LostSellers, "find_lost_sellers", Renamed.look_for_lost_sellers)


def another_id_for_the_lost(patch: Patch) -> None:
    patch.setattr(watchdog, "workflow_id", lambda seller_id: f"polling/{seller_id}")


def a_delivery_that_does_not_wait(patch: Patch) -> None:
    async def at_once(self: Delivery, seconds: float, why: str) -> None: ...

    patch.setattr(Delivery, "sleep", at_once)


def a_delivery_that_waits_longer(patch: Patch) -> None:
    before = Delivery.sleep

    async def sleep(self: Delivery, seconds: float, why: str) -> None:
        await before(self, seconds, why)
        await workflow.sleep(1)

    patch.setattr(Delivery, "sleep", sleep)


COMPATIBLE = [nothing, another_text, another_time, patched]
CAUGHT_BY: dict[Callable[[Patch], None], str] = {
    a_timer_added: "backfill",
    a_timer_left_out: "backfill",
    a_pause_without_its_end: "lost-while-paused",
    an_end_that_nobody_waits_for: "pause-with-an-end",
    a_speed_up_that_is_not_stored: "speed-up-saved",
    a_step_renamed: "backfill",
    a_step_added: "backfill",
    a_step_left_out: "pause-and-resume",
    polls_in_another_order: "announced-parcels",
    overrides_saved_after_the_poll: "pause-and-resume",
    a_signal_renamed: "pause-and-resume",
    signals_that_no_longer_wake: "poll-now",
    another_backoff: "failing-and-recovering",
    a_failure_that_ends_the_polling: "killed-worker",
    continued_as_new_later: "continued-as-new",
    continued_as_new_sooner: "continued-as-new",
    a_cadence_that_waits_for_the_next_poll: "set-cadence",
    another_word_for_a_state: "found-in-the-list",
    the_last_change_by_the_minute: "found-in-the-list",
    another_search_for_the_lost: "watchdog-finds-nobody",
    another_id_for_the_lost: "watchdog-restarts-lost-sellers",
    a_delivery_that_does_not_wait: "delivery-over",
    a_delivery_that_waits_longer: "delivery-fails",
}


async def differing(names: list[str]) -> dict[str, Exception]:
    """Histories that do not replay. Without a sandbox, which would load the code as it was before the edit."""
    replayer = Replayer(
        workflows=[SellerPolling, Watchdog, Delivery], data_converter=pydantic_data_converter, workflow_runner=UnsandboxedWorkflowRunner()
    )
    async with replayer.workflow_replay_iterator(histories(names)) as replayed:  # by one worker, in their order
        found = [one.replay_failure async for one in replayed]
    return {name: failure for name, failure in zip(names, found, strict=True) if failure}


async def histories(names: list[str]) -> AsyncIterator[WorkflowHistory]:
    for name in names:
        yield load(name)


@pytest.mark.parametrize("edit", COMPATIBLE)
async def test_a_compatible_edit_replays_everywhere(edit: Callable[[Patch], None], monkeypatch: Patch) -> None:
    edit(monkeypatch)

    assert await differing(NAMES) == {}


@pytest.mark.parametrize("edit", CAUGHT_BY)
async def test_an_incompatible_edit_is_caught(edit: Callable[[Patch], None], monkeypatch: Patch) -> None:
    edit(monkeypatch)

    found = await differing([CAUGHT_BY[edit]])

    assert [type(failure) for failure in found.values()] == [workflow.NondeterminismError]
