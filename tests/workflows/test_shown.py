"""What the Web UI shows of a seller: the list's attributes, written only when they differ, and the card."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowHistory
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.polling.poll import PollResult
from domain.pacing import Stream
from domain.seller_state import PauseFacts
from tests.support.histories import chain
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, refusing, some_seller, start, with_streams
from tests.workflows.recorded import load
from workflows.attributes import FAILURES, LAST_CHANGE, STATE, TIER, differences, in_steps
from workflows.card import card
from workflows.state import PollingState

NOON = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
UPSERT = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES


def seller(**known: object) -> PollingState:
    state = PollingState.new(some_seller(), NOON, (Stream.ORDERS, Stream.INVENTORY))
    return state.model_copy(update=known)


def written(state: PollingState) -> TypedSearchAttributes:
    """As they stand after a write."""
    return TypedSearchAttributes([SearchAttributePair(one.key, one.value) for one in differences(state, TypedSearchAttributes.empty)])


def reported(state: PollingState, before: PollingState) -> dict[str, object]:
    return {one.key.name: one.value for one in differences(state, written(before))}


def test_a_new_seller_is_polling_without_failures_in_the_normal_tier() -> None:
    assert {pair.key: pair.value for pair in written(seller())} == {STATE: "polling", TIER: "normal", FAILURES: 0}


def test_nothing_is_written_where_nothing_differs() -> None:
    assert reported(seller(), before=seller()) == {}


def test_a_last_change_is_written_once_an_hour() -> None:
    first, same, later = (seller(changed_at=NOON + timedelta(minutes=minutes)) for minutes in (1, 59, 60))

    assert reported(first, before=seller()) == {LAST_CHANGE.name: NOON}
    assert reported(same, before=first) == {}
    assert reported(later, before=first) == {LAST_CHANGE.name: NOON + timedelta(hours=1)}


def test_failures_are_told_in_steps_so_that_a_long_outage_costs_little() -> None:
    assert [in_steps(number) for number in (0, 1, 2, 3, 4, 7, 8, 500)] == [0, 1, 2, 2, 4, 4, 8, 256]


def test_changes_of_the_past_are_no_last_change() -> None:
    state = seller()

    state.noted(Stream.BACKFILL, PollResult(changes=200, next_due=NOON, why=""), NOON)

    assert state.changed_at is None


def upserts(history: WorkflowHistory) -> list[set[str]]:
    """Names of the attributes in each write."""
    found = [event.upsert_workflow_search_attributes_event_attributes for event in history.events if event.event_type == UPSERT]
    return [set(one.search_attributes.indexed_fields) - {"TemporalChangeVersion"} for one in found]


async def test_a_quiet_seller_writes_once_and_never_again_though_continued(steps: FakeSteps, time_skipping: WorkflowEnvironment) -> None:
    steps.answer = lambda stream, request, now: PollResult(tier="normal", next_due=now + timedelta(minutes=5), why="every 5 min")
    polled = await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS))

    while (await polled.describe()).run_id == polled.first_execution_run_id:
        await time_skipping.sleep(timedelta(hours=2))

    *later, first = await chain(time_skipping.client, polled.id)
    assert [names for names in upserts(first) if names] == [{STATE.name, TIER.name, FAILURES.name}]
    assert [upserts(run) for run in later] == [[]]


async def test_the_list_tells_of_a_dead_token(steps: FakeSteps, time_skipping: WorkflowEnvironment) -> None:
    steps.answer = refusing("DeadTokenError")
    polled = await start(time_skipping, with_streams(await time_skipping.get_current_time(), Stream.ORDERS))

    await time_skipping.sleep(timedelta(minutes=1))

    assert (await polled.describe()).typed_search_attributes.get(STATE) == "needs_reauthorization"


async def test_steps_and_timers_say_what_they_are_for() -> None:
    payloads = DataConverter.default.payload_converter
    events = [event for event in load("found-in-the-list").events if event.user_metadata.HasField("summary")]
    said = {(event.event_type, payloads.from_payload(event.user_metadata.summary)) for event in events}

    assert (EventType.EVENT_TYPE_TIMER_STARTED, "orders: every 5 min") in said
    assert (EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, "every 5 min") in said


def test_the_card_tells_the_next_poll_of_each_stream_and_why_then() -> None:
    state = seller(changed_at=NOON, changed_stream=Stream.ORDERS, last_changes=3)
    state.streams[Stream.ORDERS].why = "quiet for 2 h: every 12 min"

    text = card(state)

    assert text.startswith(f"### {state.seller_id}: polling\n")
    assert "- **orders** at 12:00:00 on 18 Jun: quiet for 2 h: every 12 min" in text
    assert "Last change: 3 in orders, 12:00:00 on 18 Jun UTC" in text
    assert "What to do" not in text


def test_the_card_tells_why_a_stream_is_stopped_and_when_it_is_tried_again() -> None:
    state = seller()
    state.denied(Stream.INVENTORY, "AccessDeniedError: a scope is missing", NOON)

    text = card(state)

    assert "- **inventory** is stopped: AccessDeniedError: a scope is missing. Tried again at 12:00:00 on 19 Jun" in text


def test_the_card_tells_the_last_error_and_what_to_do() -> None:
    state = seller()
    for _ in range(4):
        state.failed(Stream.ORDERS, "StoreUnavailableError: Postgres cannot be reached", NOON)

    text = card(state)

    assert "failing" in text.splitlines()[0]
    assert "**Last error** of orders, 4 times in a row: StoreUnavailableError: Postgres cannot be reached" in text
    assert "**What to do**: Postgres is missing or too busy: look at it." in text


def test_the_card_tells_by_whom_a_seller_is_paused_and_until_when() -> None:
    until = NOON + timedelta(days=1)
    ends = card(seller(paused="stock-take", pause=PauseFacts("stock-take", until, "token:ci", NOON)), NOON)
    stays = card(seller(paused="stock-take", pause=PauseFacts("stock-take", None, "page", NOON)), NOON)

    assert "\n\npaused until 2026-06-19 12:00 UTC by ci: stock-take\n\n" in ends
    assert "**What to do**: Nothing: it ends by itself" in ends
    assert ends.endswith("No stream is polled until then.")
    assert "\n\npaused by the page: stock-take\n\n" in stays
    assert stays.endswith("No stream is polled until somebody acts.")


def test_the_card_tells_of_a_speed_up_while_it_lasts() -> None:
    fast = seller(speed_up_every=timedelta(seconds=30), speed_up_until=NOON + timedelta(hours=1), speed_up_by="os:alice")

    assert "speeded up until 2026-06-18 13:00 UTC by alice: every 30 s" in card(fast, NOON)
    assert "speeded up" not in card(fast, NOON + timedelta(hours=1))


@pytest.mark.parametrize("reason", ["**back** at 5", "<img src=x onerror=alert(1)>", "a | b\n# c", "[here](http://x)", "`x` _y_ \\"])
def test_a_reason_is_shown_as_it_was_written(reason: str) -> None:
    shown = card(seller(paused=reason)).split("\n\n")[1]

    assert shown.replace("\\", "") == " ".join(reason.split()).replace("\\", "")
    assert all(shown[at - 1] == "\\" for at, sign in enumerate(shown) if sign in "*<>|#[]`_")


@workflow.defn(sandboxed=False)
class Again:
    """Goes on as new once."""

    @workflow.run
    async def run(self, left: int) -> None:
        if left:
            workflow.continue_as_new(left - 1)
        await workflow.wait_condition(lambda: False)


async def test_temporal_takes_no_summary_along_when_a_workflow_continues_as_new(temporal: Client) -> None:
    """Why the summary is of the first run alone. Should this fail, Temporal has learned it: tell operate.md and ARCHITECTURE.md."""
    async with Worker(temporal, task_queue="again", workflows=[Again]):
        seller = await temporal.start_workflow(Again.run, 1, id="again", task_queue="again", static_summary="polls eBay for anna")
        first = temporal.get_workflow_handle("again", run_id=seller.first_execution_run_id)

        async def second() -> WorkflowExecutionDescription | None:
            described = await temporal.get_workflow_handle("again").describe()
            return described if described.run_id != seller.first_execution_run_id else None

        described = await eventually(second)

    assert await (await first.describe()).static_summary() == "polls eBay for anna"
    assert await described.static_summary() is None
