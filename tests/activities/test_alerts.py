"""Alerts of what polls show: each opens once, closes by itself, keeps its history, and is told in the feed with its runbook."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.fleet.lost_sellers import LostSellers
from activities.fleet.planning import FleetPlanning
from domain.pacing import Stream
from ebay.errors import EbayUnavailableError
from tests.support.rig import Rig


def reported(it: Rig) -> list[tuple[str, str]]:
    """Alerts in the feed, oldest first."""
    return [(event["type"].removeprefix("alert."), event["data"]["kind"]) for event in it.events() if event["type"].startswith("alert.")]


def open_kinds(it: Rig) -> list[str]:
    return [alert["kind"] for alert in it.store.alerts()]


def test_more_than_a_thousand_changes_in_a_poll_of_several_steps_are_one_alert_until_polls_tell_fewer_for_half_an_hour(anna: Rig) -> None:
    anna.poll("anna")
    for _ in range(1001):
        anna.world.place_order("anna")
    anna.advance(minutes=1)

    steps = 1
    while anna.step("anna", until=anna.world.clock.now()).more:  # each ends after its first window
        steps += 1
    opened = open_kinds(anna)
    anna.advance(minutes=31)
    anna.poll("anna")

    assert steps > 1
    assert opened == ["many_changes:orders"]
    assert reported(anna) == [("opened", "many_changes:orders"), ("closed", "many_changes:orders")]
    assert [(row["kind"], row["closed_at"] is None) for row in anna.store.alerts(closed=True)] == [("many_changes:orders", False)]


def test_the_many_changes_of_a_first_scan_are_no_alert(anna: Rig) -> None:
    anna.world.add_seller("anna", skus=1001)
    anna.world.preload_skus("anna")

    changes = 0
    while (result := anna.step("anna", Stream.INVENTORY)).more:
        changes += result.changes

    assert changes + result.changes > 1000
    assert open_kinds(anna) == []


def test_a_slow_answer_is_an_alert_until_half_an_hour_passed_without_one(anna: Rig) -> None:
    anna.steps.slow_s = 0.0  # every answer takes longer
    anna.poll("anna")
    anna.poll("anna")
    opened = open_kinds(anna)
    anna.steps.slow_s = 10.0
    anna.poll("anna")
    at_once = open_kinds(anna)
    anna.advance(minutes=31)
    anna.poll("anna")

    assert opened == at_once == ["slow_answer:orders"]
    assert reported(anna) == [("opened", "slow_answer:orders"), ("closed", "slow_answer:orders")]


def test_answers_that_are_slow_now_and_then_are_one_alert_that_does_not_flap(anna: Rig) -> None:
    for number in range(16):
        anna.steps.slow_s = 0.0 if number % 3 == 0 else 10.0
        anna.poll("anna")
        anna.advance(minutes=5)
    flapping = reported(anna)
    anna.steps.slow_s = 10.0
    for _ in range(7):
        anna.poll("anna")
        anna.advance(minutes=5)

    assert flapping == [("opened", "slow_answer:orders")]
    assert reported(anna) == [("opened", "slow_answer:orders"), ("closed", "slow_answer:orders")]


def test_a_slow_answer_that_is_an_error_is_an_alert_too(anna: Rig) -> None:
    anna.poll("anna")
    anna.steps.slow_s = 0.0
    anna.world.faults.force(503, "", resource="order")

    with pytest.raises(EbayUnavailableError):
        anna.step("anna")

    assert open_kinds(anna) == ["slow_answer:orders"]


@pytest.fixture
def watchdog(anna: Rig, temporal: Client) -> LostSellers:
    return LostSellers(anna.store, temporal)


async def look(watchdog: LostSellers, times: int = 1) -> None:
    for _ in range(times):
        await ActivityEnvironment(client=watchdog.client).run(watchdog.find_lost_sellers)


def let_pass(it: Rig, minutes: int, interval: int = 5) -> None:
    """The orders' last good poll was so long ago, and planned the next one after the interval."""
    with it.store.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE sellerbeat.streams SET last_good_at = now() - interval '{minutes} min', "
            f"next_poll_at = now() - interval '{minutes - interval} min' WHERE stream = 'orders'"
        )


async def test_no_good_poll_for_three_intervals_at_two_looks_is_an_alert_that_the_next_poll_closes(
    anna: Rig, watchdog: LostSellers
) -> None:
    anna.poll("anna")
    let_pass(anna, minutes=14)
    await look(watchdog, 2)
    in_time = open_kinds(anna)
    let_pass(anna, minutes=16)
    await look(watchdog)
    at_one_look = open_kinds(anna)
    await look(watchdog, 2)
    late = anna.store.alerts()
    anna.poll("anna")

    assert (in_time, at_one_look) == ([], [])
    assert [(alert["kind"], alert["seller_id"], alert["runbook"]) for alert in late] == [("late:orders", "anna", "docs/runbooks/late.md")]
    assert reported(anna) == [("opened", "late:orders"), ("closed", "late:orders")]


async def test_a_paused_seller_is_not_late_and_pausing_closes_the_alert(anna: Rig, watchdog: LostSellers) -> None:
    anna.poll("anna")
    let_pass(anna, minutes=60)
    await look(watchdog, 2)
    late = open_kinds(anna)

    anna.store.save_overrides("anna", {"paused": "holiday"})
    await look(watchdog, 2)

    assert late == ["late:orders"]
    assert open_kinds(anna) == []


async def test_who_is_paused_until_a_time_is_not_late_before_it_and_is_after_it(anna: Rig, watchdog: LostSellers) -> None:
    """Should nobody end the pause: a worker of a version before forgets its end."""
    anna.poll("anna")
    let_pass(anna, minutes=60)
    now = anna.store.levels.clock()

    def paused_until(end: datetime) -> dict[str, Any]:
        return {"paused": "holiday", "pause": {"reason": "holiday", "until": end.isoformat()}}

    anna.store.save_overrides("anna", paused_until(now + timedelta(hours=1)))
    await look(watchdog, 2)
    before = open_kinds(anna)
    anna.store.save_overrides("anna", paused_until(now - timedelta(seconds=1)))
    await look(watchdog, 2)

    assert before == []
    assert open_kinds(anna) == ["late:orders"]


def test_a_quota_used_to_more_than_nine_tenths_is_an_alert_of_the_fleet_until_the_new_day(anna: Rig) -> None:
    planning = FleetPlanning(anna.store, anna.steps.pace, anna.steps.quota)
    anna.store.may_read_quota(timedelta(hours=1))  # somebody has just asked eBay
    use(anna, 0.89, "1 hour")
    ActivityEnvironment().run(planning.plan_fleet)
    before = quota_alerts(anna)
    use(anna, 0.91, "1 hour")
    ActivityEnvironment().run(planning.plan_fleet)
    ActivityEnvironment().run(planning.plan_fleet)
    above = quota_alerts(anna)
    use(anna, 0.91, "-1 hour")
    ActivityEnvironment().run(planning.plan_fleet)

    assert before == []
    assert above == [(None, "quota_high:orders")]
    assert quota_alerts(anna) == []


def use(it: Rig, share: float, resets_in: str) -> None:
    with it.store.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE sellerbeat.permits SET used = {share} * \"limit\", assumed = true, reset_at = now() + interval '{resets_in}' "
            "WHERE resource IN ('orders', 'offers')"
        )


def quota_alerts(it: Rig) -> list[tuple[str | None, str]]:
    return [(alert["seller_id"], alert["kind"]) for alert in it.store.alerts() if alert["kind"].startswith("quota_high")]


async def test_a_long_read_of_many_slices_is_not_late_until_it_stands_still(anna: Rig, watchdog: LostSellers) -> None:
    anna.poll("anna")
    for _ in range(1001):
        anna.world.place_order("anna")
    anna.advance(minutes=1)
    let_pass(anna, minutes=60)
    assert anna.step("anna", until=anna.world.clock.now()).more  # one window of many
    touched(anna, "1 second")
    await look(watchdog, 2)
    reading, overdue = open_kinds(anna), anna.store.health.facts().overdue
    touched(anna, "6 minutes")
    await look(watchdog, 2)

    assert (reading, overdue) == ([], 0)
    assert open_kinds(anna) == ["late:orders"]
    assert anna.store.health.facts().overdue == 1


def touched(it: Rig, ago: str) -> None:
    """The last commit was so long ago; the rig has a clock of its own."""
    with it.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE sellerbeat.streams SET last_poll_at = now() - interval '{ago}' WHERE stream = 'orders'")
