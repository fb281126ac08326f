"""Permits of one day are not spent in the next: eBay counts anew at midnight, and so do we."""

from __future__ import annotations

from datetime import timedelta

from activities.polling.poll import Poll
from activities.polling.running import StepRun
from domain.pacing import Stream
from domain.streams import Purpose
from store.quota.permits import Lease
from tests.support.rig import Rig


def used(it: Rig) -> int:
    return it.store.permits.all()["orders"].used


def test_a_step_that_runs_over_midnight_takes_the_new_days_permits_for_its_later_calls(anna: Rig) -> None:
    anna.poll("anna")
    permits = anna.steps.permits
    step = StepRun(anna.steps, Poll(seller_id="anna"), Stream.ORDERS, anna.store.begin("anna", Stream.ORDERS), anna.world.clock.now())
    held = permits.held["orders", False]
    assert held.permits > 1
    held.reset_at = step.step.now + timedelta(minutes=1)
    step.permit("orders")
    before, left = used(anna), held.permits

    step.began -= 120  # two minutes later, by the machine's clock
    step.permit("orders")

    assert used(anna) == before + 10
    assert held.permits == left
    assert permits.held["orders", False].permits == 9


def test_a_lease_of_yesterday_that_comes_late_adds_nothing_to_todays(anna: Rig) -> None:
    anna.poll("anna")
    permits = anna.steps.permits
    held = permits.held["orders", False]
    reset = held.reset_at
    assert reset is not None
    today, yesterday = Lease(10, 99_000, reset + timedelta(days=1)), Lease(10, 5, reset)

    permits.add("orders", Purpose.POLL, today)
    permits.add("orders", Purpose.POLL, yesterday)

    now = permits.held["orders", False]
    assert (now.permits, now.left, now.reset_at) == (10, 99_000, today.reset_at)
