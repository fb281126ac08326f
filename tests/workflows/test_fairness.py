"""Steering starves nobody: what is asked for again and again, and notifications that never cease, leave every stream its turn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from temporalio.testing import WorkflowEnvironment

from activities.polling.poll import PollResult
from domain.pacing import Stream
from domain.streams import POLLED
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, start
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling
from workflows.state import STREAM_ORDER, PollingState

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
STEP_OPTIONS = timedelta(seconds=2)
LATER = timedelta(minutes=5)


def polls(state: PollingState, asked: tuple[Stream, ...], steps: int, fair: bool = True) -> list[Stream]:
    """Whose turn it was, while these are asked for within each step."""
    now, found = NOW, []
    for _ in range(steps):
        for stream in asked:
            state.streams[stream].asked = True
        stream = state.due(now, fair=fair)[0]
        found.append(stream)
        mine = state.streams[stream]
        mine.began, mine.asked = now, False
        now += STEP_OPTIONS
        mine.next_due = now + LATER
    return found


def test_who_refreshes_every_second_gets_every_second_step_while_others_are_due() -> None:
    state = PollingState.new("anna", NOW)

    found = polls(state, (Stream.ORDERS,), 2 * len(STREAM_ORDER))

    assert set(found) == set(STREAM_ORDER)
    assert found[0] is Stream.ORDERS


def test_without_fairness_the_others_would_never_be_polled() -> None:
    assert set(polls(PollingState.new("anna", NOW), (Stream.ORDERS,), 100, fair=False)) == {Stream.ORDERS}


def test_what_is_asked_for_once_goes_before_what_is_due() -> None:
    state = PollingState.new("anna", NOW - LATER)
    state.streams[Stream.SWEEP].asked = True

    assert state.due(NOW)[0] is Stream.SWEEP


@given(asked=st.sets(st.sampled_from(POLLED), min_size=1), due=st.lists(st.integers(-600, 60), min_size=8, max_size=8))
def test_every_stream_has_its_turn_whatever_is_asked_for_in_every_step(asked: set[Stream], due: list[int]) -> None:
    state = PollingState.new("anna", NOW)
    for stream, seconds in zip(STREAM_ORDER, due, strict=True):
        state.streams[stream].next_due = NOW + timedelta(seconds=seconds)

    found = polls(state, tuple(asked), 60)

    assert set(found) == set(STREAM_ORDER)
    for stream in STREAM_ORDER:
        places = [place for place, one in enumerate(found) if one is stream]
        assert places[0] <= 46  # a minute until the last one is due is 30 steps; a backfill lets others go first for 10 s
        assert all(later - earlier <= 170 for earlier, later in pairwise(places))


async def test_notifications_that_never_cease_leave_the_polls_their_time(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))
    before = len(steps.of(Stream.ORDERS))
    steps.read_notified = lambda request, now: PollResult(next_due=now, why="more was told meanwhile", done=len(steps.notified) >= 200)

    await seller.signal(SellerPolling.notified)
    await eventually(lambda: len(steps.notified) >= 3)
    await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))
    await eventually(lambda: len(steps.of(Stream.ORDERS)) > before)

    assert len(steps.notified) < 200
