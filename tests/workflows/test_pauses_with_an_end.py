"""A pause that has an end is over by itself, then, whatever happened meanwhile; and who said so is known as long as it lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from temporalio.client import WorkflowExecutionStatus
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment

from activities.fleet.overrides import OperatorOverrides
from domain.pacing import Stream
from domain.seller_state import LONGEST, PauseFacts, SpeedUpFacts
from tests.support.histories import chain
from tests.support.waiting import eventually
from tests.workflows.fakes import QUEUE, FakeSteps, gaps, hardly_ever, orders_only, some_seller, start
from tests.workflows.stage import Seller, ask_until_long
from workflows.client import handle, signal_or_start
from workflows.messages import Connected, Pause, SpeedUp
from workflows.seller_polling import SUMMARY, SellerPolling, short
from workflows.state import PollingState
from workflows.watchdog import Watchdog

HOUR = timedelta(hours=1)
BY = "token:ci"


async def paused(world: WorkflowEnvironment, steps: FakeSteps, lasting: timedelta, **more: Any) -> tuple[Seller, datetime]:
    """A seller who is paused after their first poll; and until when."""
    seller = await start(world, orders_only(await world.get_current_time(), **more))
    await world.sleep(timedelta(seconds=1))
    until = await world.get_current_time() + lasting
    await seller.signal(SellerPolling.pause, Pause(reason="stock-take", until=until, by=BY))
    return seller, until


async def start_the_lost(world: WorkflowEnvironment) -> None:
    """Without a wait for the watchdog's result, during which time would jump."""
    watchdog = await world.client.start_workflow(Watchdog.run, id="watchdog", task_queue=QUEUE)

    async def is_done() -> bool:
        return (await watchdog.describe()).status is WorkflowExecutionStatus.COMPLETED

    await eventually(is_done)


async def test_a_pause_ends_by_itself_and_the_seller_is_polled_at_once(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller, until = await paused(time_skipping, steps, 10 * HOUR)

    await time_skipping.sleep(9 * HOUR)
    status = await seller.query(SellerPolling.status)
    polls = len(steps.polls)
    await time_skipping.sleep(HOUR + timedelta(seconds=2))

    assert (status.state, status.reason, status.streams[Stream.ORDERS].next_poll_at) == ("paused", "stock-take", None)
    assert status.paused is not None
    assert (status.paused.until, status.paused.by, status.paused.reason) == (until, BY, "stock-take")
    assert polls == 1
    [_, again] = steps.of(Stream.ORDERS)
    assert timedelta() <= again - until < timedelta(seconds=2)
    after = await seller.query(SellerPolling.status)
    assert (after.state, after.paused) == ("polling", None)
    assert [(one.paused, one.pause and one.pause.until) for one in steps.overrides] == [("stock-take", until), (None, None)]


async def test_one_timer_waits_for_the_end_and_says_so(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller, until = await paused(time_skipping, steps, 10 * HOUR)
    await time_skipping.sleep(HOUR)

    events = (await seller.fetch_history()).events
    timers = [event for event in events if event.HasField("timer_started_event_attributes")]
    over = [
        event for event in events if event.HasField("timer_canceled_event_attributes") or event.HasField("timer_fired_event_attributes")
    ]

    assert len(timers) - len(over) == 1
    said = DataConverter.default.payload_converter.from_payload(timers[-1].user_metadata.summary)
    assert said.startswith("paused until ")
    assert said.endswith(" UTC by ci: stock-take")
    left = timers[-1].timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
    assert timedelta() <= timers[-1].event_time.ToDatetime(UTC) + left - until < timedelta(seconds=2)


async def test_a_resume_before_the_end_is_the_end(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    steps.answer = hardly_ever
    seller, _ = await paused(time_skipping, steps, 10 * HOUR)
    await time_skipping.sleep(HOUR)

    await seller.signal(SellerPolling.resume)
    await time_skipping.sleep(20 * HOUR)

    assert len(steps.polls) == 2  # the end of before polls nobody once more
    assert (await seller.query(SellerPolling.status)).paused is None


@pytest.mark.parametrize(("second", "polled"), [(timedelta(hours=2), 3), (timedelta(hours=20), 21), (None, None)])
async def test_the_second_pause_holds_with_its_own_end(
    time_skipping: WorkflowEnvironment, steps: FakeSteps, second: timedelta | None, polled: int | None
) -> None:
    steps.answer = hardly_ever
    seller, until = await paused(time_skipping, steps, 10 * HOUR)
    began = until - 10 * HOUR
    await time_skipping.sleep(HOUR)
    now = await time_skipping.get_current_time()

    await seller.signal(SellerPolling.pause, Pause(reason="holiday", until=now + second if second else None, by="page"))
    await eventually(lambda: len(steps.overrides) == 2)
    facts = (await seller.query(SellerPolling.status)).paused
    await time_skipping.sleep(40 * HOUR)

    assert facts is not None
    assert (facts.reason, facts.by, facts.until) == ("holiday", "page", now + second if second else None)
    assert [round((at - began) / HOUR) for at in steps.of(Stream.ORDERS)[1:]] == ([polled] if polled else [])


async def test_a_pause_that_is_over_before_it_begins_pauses_nobody_and_ends_one_that_lasts(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    calm = await start(time_skipping)
    seller, until = await paused(time_skipping, steps, 10 * HOUR)
    late = Pause(reason="too late", until=until - 20 * HOUR)

    for one in (calm, seller):
        await one.signal(SellerPolling.pause, late)
    await time_skipping.sleep(timedelta(minutes=1))

    assert [(await one.query(SellerPolling.status)).state for one in (calm, seller)] == ["polling", "polling"]
    assert steps.overrides[-1].paused is None


async def test_an_end_outlives_the_change_to_a_new_run(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller, until = await paused(time_skipping, steps, 100 * HOUR)
    await ask_until_long(seller)
    again = handle(time_skipping.client, seller.id.removeprefix("ebay-polling:"))
    facts = (await again.query(SellerPolling.status)).paused

    await time_skipping.sleep(101 * HOUR)

    assert facts is not None
    assert (facts.until, facts.by) == (until, BY)
    assert timedelta() <= steps.of(Stream.ORDERS)[1] - until < timedelta(seconds=2)
    assert len(await chain(time_skipping.client, seller.id)) >= 2


@pytest.mark.parametrize("left", [timedelta(hours=5), timedelta(hours=-5)])
async def test_who_comes_back_from_postgres_is_paused_until_the_same_end(
    time_skipping: WorkflowEnvironment, steps: FakeSteps, left: timedelta
) -> None:
    """What the emptied Temporal had is there again: started by the watchdog, or by whoever signals first."""
    now = await time_skipping.get_current_time()
    facts = PauseFacts("stock-take", now + left, BY, now - HOUR)
    lost, signalled = (OperatorOverrides(seller_id=some_seller(), paused=facts.reason, pause=facts) for _ in range(2))
    steps.lost, steps.answer = [lost], hardly_ever

    await start_the_lost(time_skipping)
    await signal_or_start(time_skipping.client, QUEUE, signalled, SellerPolling.connected, Connected(generation=1))
    await time_skipping.sleep(timedelta(minutes=1))
    shown = {
        one.seller_id: (await handle(time_skipping.client, one.seller_id).query(SellerPolling.status)).paused for one in (lost, signalled)
    }
    await time_skipping.sleep(6 * HOUR)

    over = left < timedelta()
    assert list(shown.values()) == [None if over else facts] * 2
    for one in (lost, signalled):
        first = min(at for stream, at, request in steps.polls if stream is Stream.ORDERS and request.seller_id == one.seller_id)
        assert timedelta() <= first - (now if over else now + left) < timedelta(minutes=1)
        assert next(saved.paused for saved in reversed(steps.overrides) if saved.seller_id == one.seller_id) is None


async def test_the_end_comes_while_the_consent_is_dead_and_the_new_one_polls(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller, _ = await paused(time_skipping, steps, 2 * HOUR, dead="DeadTokenError")
    await time_skipping.sleep(3 * HOUR)
    status = await seller.query(SellerPolling.status)

    await seller.signal(SellerPolling.connected, Connected(generation=1))
    await time_skipping.sleep(timedelta(minutes=1))

    assert (status.state, status.paused) == ("needs_reauthorization", None)
    assert len(steps.polls) == 1


@pytest.mark.parametrize(
    ("until", "lasts"),
    [("9999-12-31T23:59:59.999999-12:00", None), ("9999-12-31T23:59:59Z", LONGEST), ("2500-01-01", LONGEST), (20_000_000_000, LONGEST)],
)
async def test_an_end_that_nobody_can_mean_harms_nobody(
    time_skipping: WorkflowEnvironment, steps: FakeSteps, until: object, lasts: timedelta | None
) -> None:
    """Typed by hand into the Web UI: what cannot be read is no signal, and what is too far is as far as can be."""
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(seconds=1))
    now = await time_skipping.get_current_time()

    await seller.signal("pause", {"reason": "for ever", "until": until, "by": "<b>\n"})
    await seller.signal("pause", {"reason": "no such time", "until": "tomorrow"})

    status = await seller.query(SellerPolling.status)
    assert (status.state, status.paused and status.paused.by) == ("paused" if lasts else "polling", None)
    if lasts:
        assert status.paused is not None
        assert status.paused.until is not None
        assert abs(status.paused.until - (now + lasts)) < timedelta(seconds=10)


def test_a_time_that_utc_does_not_have_is_no_end() -> None:
    """Said as pydantic says it, so that whoever takes it from outside can answer."""
    with pytest.raises(ValidationError, match="is no time in UTC"):
        Pause.model_validate({"until": "9999-12-31T23:59:59-12:00"})


async def test_a_time_without_a_zone_is_utc(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller, until = await paused(time_skipping, steps, 2 * HOUR)

    await seller.signal("pause", {"until": (until + HOUR).replace(tzinfo=None).isoformat()})

    status = await seller.query(SellerPolling.status)
    assert status.paused is not None
    assert status.paused.until == until + HOUR


async def test_a_speed_up_is_stored_with_author_and_end_and_goes_on_where_it_was_lost(
    time_skipping: WorkflowEnvironment, steps: FakeSteps
) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))
    await seller.signal(SellerPolling.speed_up, SpeedUp(every=timedelta(seconds=30), lasting=timedelta(minutes=5), by="page"))
    now = await time_skipping.get_current_time()
    await eventually(lambda: len(steps.overrides) == 1)
    status = await seller.query(SellerPolling.status)

    saved = steps.overrides[-1].model_copy(update={"seller_id": some_seller()})  # another one, who is as this one was, and lost
    steps.lost = [saved]
    await start_the_lost(time_skipping)
    await time_skipping.sleep(timedelta(minutes=17))

    assert status.speed_up == saved.speed_up
    assert status.speed_up is not None
    assert (status.speed_up.every_s, status.speed_up.by) == (30, "page")
    assert abs(status.speed_up.until - now - timedelta(minutes=5)) < timedelta(seconds=2)
    seen = gaps([at for stream, at, request in steps.polls if stream is Stream.ORDERS and request.seller_id == saved.seller_id])
    assert seen[:8] == [30] * 8
    assert seen[-2:] == [300, 300]
    again = await handle(time_skipping.client, saved.seller_id).query(SellerPolling.status)
    assert again.speed_up is None


def test_a_speed_up_that_is_over_is_not_taken_up_again() -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    overrides = OperatorOverrides(seller_id="anna", speed_up=SpeedUpFacts(30, now, BY))

    assert PollingState.resumed(overrides, now).speed_up_facts(now - HOUR) is None


@pytest.mark.parametrize("reason", ["x" * 500, "\N{SNOWMAN}" * 500, "\N{GRINNING FACE}" * 500, "a" + "\N{GRINNING FACE}" * 500])
def test_the_summary_of_a_timer_is_short_in_any_letters(reason: str) -> None:
    summary = short(PauseFacts(reason, by=BY).words())

    assert summary.startswith("paused by ci: ")
    assert SUMMARY - 4 <= len(summary.encode()) <= SUMMARY


async def test_temporal_takes_a_pause_whose_reason_is_long_and_in_any_letters(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    until = await time_skipping.get_current_time() + HOUR

    await seller.signal(SellerPolling.pause, Pause(reason="\N{GRINNING FACE}" * 200, until=until, by="token:" + "\N{SNOWMAN}" * 200))
    await time_skipping.sleep(2 * HOUR)

    assert (await seller.query(SellerPolling.status)).state == "polling"
