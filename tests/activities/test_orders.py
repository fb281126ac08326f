"""The orders poll: what changed is recorded once, whatever eBay's rows do meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.polling.poll import PollResult
from activities.polling.running import StepRun
from domain.pacing import Stream
from ebay.errors import EbayUnavailableError
from ebay.windows import Window
from simulator.judge import judge
from tests.support.rig import START, Rig


def test_a_quiet_poll_is_one_call_and_records_nothing(anna: Rig) -> None:
    anna.advance(minutes=5)
    before = anna.calls("anna")

    result = anna.step("anna")

    assert (result.changes, result.more, result.api_calls) == (0, False, 1)
    assert anna.calls("anna") - before == 1
    assert timedelta(minutes=5) <= result.next_due - anna.world.clock.now() < timedelta(minutes=5, seconds=10)
    assert result.why == "every 5 min"
    assert anna.events() == []


def test_a_new_a_paid_and_a_cancelled_order_are_told_in_order(anna: Rig) -> None:
    order = anna.world.place_order("anna", paid=False)
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.pay("anna", order)
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.cancel("anna", order)
    anna.advance(minutes=5)
    anna.poll("anna")

    assert anna.types("anna") == ["order.created", "order.updated", "order.updated", "order.cancelled"]
    assert [event["sequence"] for event in anna.events("anna")] == [1, 2, 3, 4, 5]
    assert [event["version"] for event in anna.events("anna")] == [1, 0, 2, 3, 3]  # the sale is of a listing that nobody has read
    assert "orderPaymentStatus" in anna.events("anna")[2]["changed"]


def test_what_comes_again_unchanged_is_a_duplicate_and_no_event(anna: Rig) -> None:
    anna.world.place_order("anna")
    anna.advance(minutes=1)
    anna.poll("anna")
    anna.advance(minutes=1)

    again = anna.poll("anna")

    assert (again.changes, again.duplicates) == (0, 1)
    assert anna.types("anna") == ["order.created"]


@pytest.mark.parametrize("scenario", [pytest.param("spread", marks=pytest.mark.repeats), "half on one date", "all on one date"])
def test_1500_orders_modified_in_one_second_take_at_most_twenty_calls(anna: Rig, scenario: str) -> None:
    moment = START + timedelta(minutes=1)
    for number in range(1500):
        heap = scenario == "all on one date" or (scenario == "half on one date" and number % 2)
        at = moment + timedelta(milliseconds=500 if heap else number * 1000 // 1500)
        anna.world.place_order("anna", at=at, visible_at=at)
    anna.advance(minutes=5)
    before = anna.calls("anna")

    result = anna.poll("anna")

    calls = anna.calls("anna") - before
    assert len(anna.stored("anna")) == 1500
    assert calls <= 20, calls
    assert result.more is False


def test_rows_modified_between_two_page_requests_are_all_recorded(anna: Rig) -> None:
    orders = read_while_rows_move(anna)

    assert set(anna.stored("anna")) == set(orders)
    assert verdict(anna) == (0, 0, 0)


def test_a_loop_over_offsets_loses_some_of_the_same_rows(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter-example: what nearly every other poller does."""
    monkeypatch.setattr(anna.activities[Stream.ORDERS].__self__, "read", read_by_offsets)  # type: ignore[attr-defined]

    orders = read_while_rows_move(anna)

    assert len(set(anna.stored("anna"))) < len(orders)


def read_by_offsets(step: StepRun) -> PollResult:
    cursor, offset = step.step.cursor or START, 0
    window = Window(cursor - timedelta(minutes=5), step.now().replace(microsecond=0) - timedelta(seconds=2))
    while True:
        page = step.fetch(window, offset)
        with step.commit() as commit:
            step.count(commit, commit.store_orders(page.orders, page.date))
            commit.advance(cursor=window.end if page.next is None else None)
            result = step.complete(commit)
        if page.next is None:
            return result
        offset += len(page.orders)


def read_while_rows_move(anna: Rig) -> list[str]:
    """450 orders, of which some are modified before each answer: they leave the page they stood on, and the rest moves up."""
    orders = [anna.world.place_order("anna", at=START + timedelta(milliseconds=100 * number)) for number in range(450)]
    anna.advance(minutes=30)  # beyond the overlap: what is missed now, no later poll reads again
    moving = iter(orders[::3])

    def move(_: object) -> None:
        for _ in range(7):
            if (order := next(moving, None)) is not None:
                anna.world.modify("anna", order, {"salesRecordReference": f"moved-{order}"})
        anna.advance(seconds=1)

    anna.world.faults.before_answer = move
    anna.poll("anna")
    anna.world.faults.before_answer = None
    anna.advance(minutes=6)
    anna.poll("anna")
    return orders


def test_orders_that_become_visible_four_minutes_late_are_all_recorded(anna: Rig) -> None:
    for number in range(60):
        now = anna.world.clock.now()
        anna.world.place_order("anna", at=now, visible_at=now + timedelta(seconds=number * 4))
        anna.advance(seconds=20)
        if number % 5 == 0:
            anna.poll("anna")
    anna.advance(minutes=5)
    anna.poll("anna")

    assert len(anna.stored("anna")) == 60
    assert verdict(anna) == (0, 0, 0)


def test_late_orders_are_lost_with_an_overlap_that_is_too_short(anna: Rig) -> None:
    """The counter-example: what the overlap is for."""
    step = anna.activities[Stream.ORDERS].__self__  # type: ignore[attr-defined]
    step.overlap = timedelta(seconds=10)
    now = anna.world.clock.now()
    anna.world.place_order("anna", at=now, visible_at=now + timedelta(minutes=4))
    for _ in range(6):
        anna.advance(minutes=1)
        anna.poll("anna")

    assert anna.stored("anna") == {}


def test_a_read_of_many_windows_goes_on_where_a_failure_stopped_it(anna: Rig) -> None:
    for number in range(640):
        anna.world.place_order("anna", at=START + timedelta(milliseconds=50 * number))
    anna.advance(minutes=5)
    anna.world.faults.fail_every = 5

    failures = 0
    while True:
        try:
            if not anna.step("anna").more:
                break
        except EbayUnavailableError:
            failures += 1

    assert failures > 0
    assert len(anna.stored("anna")) == 640
    assert anna.calls("anna") <= 12
    assert verdict(anna) == (0, 0, 0)


def test_a_step_ends_after_the_call_in_hand_when_another_stream_is_due(anna: Rig) -> None:
    for number in range(300):
        anna.world.place_order("anna", at=START + timedelta(milliseconds=50 * number))
    anna.advance(minutes=5)

    first = anna.step("anna", until=anna.world.clock.now())

    assert first.more is True
    assert 0 < first.changes < 300


def test_the_backfill_reads_what_was_there_before_and_calls_it_backfill(database: str, anna: Rig) -> None:
    anna.world.add_seller("bert")
    old = [anna.world.place_order("bert", at=START - timedelta(days=number)) for number in range(1, 20)]
    anna.enroll("bert", backfill=timedelta(days=10))
    new = anna.world.place_order("bert", at=START + timedelta(seconds=1))
    anna.advance(minutes=5)

    anna.poll("bert")
    done = anna.poll("bert", Stream.BACKFILL)

    assert done.done is True
    sources = {event["entity_id"]: event["source"] for event in anna.events("bert") if event["type"] == "order.created"}
    assert sources == {new: "poll", **dict.fromkeys(old[:10], "backfill")}
    assert [event["data"]["orderId"] for event in anna.events("bert") if event["type"] == "inventory.sold"] == [new]
    assert anna.step("bert", Stream.BACKFILL).done is True


def verdict(it: Rig) -> tuple[int, int, int]:
    found = judge(it.world.rows(), it.events(), at=it.world.clock.now(), kinds=["order"])
    return found.lost, found.twice, found.wrong
