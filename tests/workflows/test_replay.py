"""Workflows that run under older code go on under this one: recorded histories replay without a difference, and tell of every way."""

from __future__ import annotations

import base64
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from activities.delivering.deliver import Delivering
from activities.fleet.lost_sellers import LostSellers
from activities.fleet.overrides import OverrideStorage
from activities.polling.notified import NotificationPoll
from domain.streams import BY_STEP
from tests.workflows.recorded import HISTORIES, NAMES, load
from tests.workflows.stories import SECOND_HALVES
from workflows.delivery import Delivery
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState
from workflows.watchdog import Watchdog

LARGEST = 200_000  # bytes
WORKFLOWS = (SellerPolling, Watchdog, Delivery)


@pytest.fixture(scope="module")
def replayer() -> Replayer:
    """Making one costs most of a replay: it looks through the workflow's sandbox."""
    return Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_history_replays(name: str, replayer: Replayer) -> None:
    await replayer.replay_workflow(load(name))


def reported(history: WorkflowHistory) -> Iterator[str]:
    """Names of the signals, updates and activities in it."""
    for event in history.events:
        yield event.workflow_execution_signaled_event_attributes.signal_name
        yield event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name
        yield event.activity_task_scheduled_event_attributes.activity_type.name


def messages(of: type) -> set[str]:
    """Names of the signals and updates that a workflow's definition knows."""
    definition = workflow._Definition.must_from_class(of)
    return {str(name) for name in (*definition.signals, *definition.updates)}


@pytest.fixture(scope="module")
def known() -> set[str]:
    """All that the histories tell of."""
    return {name for history in map(load, NAMES) for name in reported(history)}


def test_every_signal_and_update_is_in_a_history(known: set[str]) -> None:
    needed = set().union(*map(messages, WORKFLOWS))

    assert {"pause", "set_cadence"} < needed
    assert needed - known == set()


def test_every_step_is_in_a_history(known: set[str]) -> None:
    others = (NotificationPoll.poll_notified, OverrideStorage.save_overrides, LostSellers.find_lost_sellers, Delivering.deliver_changes)
    names = {*BY_STEP, *(activity._Definition.must_from_callable(step).name for step in others)}

    assert names - known == set()


@workflow.defn
class MoreTalkative(SellerPolling):
    @workflow.init
    def __init__(self, state: PollingState) -> None:
        super().__init__(state)

    @workflow.run
    async def run(self, state: PollingState) -> None: ...

    @workflow.signal
    def whisper(self) -> None: ...


def test_a_new_signal_without_a_history_is_noticed(known: set[str]) -> None:
    assert messages(MoreTalkative) - known == {"whisper"}


LANDMARKS: dict[str, Any] = {
    "continued-as-new": "workflow_execution_continued_as_new_event_attributes",
    "removed-seller": "workflow_execution_completed_event_attributes",
    "cancelled": "workflow_execution_canceled_event_attributes",
    "killed-worker": "activity_task_timed_out_event_attributes",
    "failing-and-recovering": "activity_task_failed_event_attributes",
    "watchdog-restarts-lost-sellers": "child_workflow_execution_started_event_attributes",
}


@pytest.mark.parametrize("name", LANDMARKS)
def test_a_history_holds_what_its_name_says(name: str) -> None:
    assert any(event.HasField(LANDMARKS[name]) for event in load(name).events)


def test_the_second_half_goes_on_where_the_first_ended() -> None:
    for first, second in SECOND_HALVES.items():
        left = load(first).events[-1].workflow_execution_continued_as_new_event_attributes
        taken = load(second).events[0].workflow_execution_started_event_attributes

        assert left.new_execution_run_id == taken.original_execution_run_id
        assert left.input == taken.input


@pytest.mark.parametrize("name", NAMES)
def test_a_history_is_small_and_names_no_machine(name: str) -> None:
    content = (HISTORIES / f"{name}.json").read_bytes()
    payloads = [base64.b64decode(data) for data in re.findall(rb'"data":"([^"]*)"', content)]
    places = [f"{Path.home()}/", f"{Path.cwd()}/", f"{tempfile.gettempdir()}/", f"@{socket.gethostname()}", "stackTrace", ".py"]

    assert len(content) <= LARGEST
    assert payloads
    assert set(re.findall(rb'"identity":"([^"]*)"', content)) == {b"recorder"}
    assert [place for place in places if any(place.encode() in text for text in (content, *payloads))] == []
