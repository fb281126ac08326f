"""Polling under a quota that does not reach: our ledger refuses first, so that eBay never has to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from activities.fleet.planning import FleetPlanning, Plans, fleets
from activities.quota.permits import PermitPool
from domain.pacing import Stream
from domain.streams import Purpose
from tests.support.postgres_clock import PostgresClock, driven
from tests.support.rig import START, Rig, rig


@pytest.fixture
def anna(database: str) -> Iterator[Rig]:
    """One enrolled seller; eBay's clock is Postgres' too: five in the morning at eBay, 19 hours before the reset."""
    url = driven(database)
    with closing(PostgresClock(database)) as clock:
        clock.set(START)
        with rig(url, "anna") as it:
            it.enroll("anna")
            yield it


def ration(it: Rig, limit: int, resource: str = "orders", ebays: str = "order") -> None:
    """From now on eBay gives so many calls a day, and the ledger knows; nothing is used yet."""
    it.world.quotas.limits[ebays] = limit + it.world.quotas.used[ebays]
    ledger = it.store.permits.all()[resource]
    with it.store.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE sellerbeat.permits SET \"limit\" = {limit}, used = 0, told = true WHERE resource = '{resource}'"
        )
    it.steps.permits = PermitPool(it.store)
    assert ledger.reset_at


def refused(it: Rig) -> int:
    return sum(request.status == 429 for request in it.world.requests)


def test_polls_stop_at_the_reserve_and_ebay_refuses_nothing(anna: Rig) -> None:
    ration(anna, 20)

    results = []
    for _ in range(25):
        anna.advance(minutes=5)
        results.append(anna.step("anna"))

    assert results[0].waiting is False
    assert results[-1].waiting
    assert results[-1].why.startswith("the rest of eBay's quota is kept back for people and sweeps: waits until")
    assert refused(anna) == 0
    assert anna.store.seller("anna")["streams"]["orders"]["failures"] == 0


def test_what_people_ask_for_is_served_to_the_last_call_and_then_waits_for_the_reset(anna: Rig) -> None:
    ration(anna, 20)
    calls = anna.calls("anna")

    results = [anna.step("anna", asked=True) for _ in range(25)]

    assert anna.calls("anna") - calls == 20
    assert results[-1].why.startswith("eBay's quota of calls is spent: waits until")
    assert results[-1].next_due >= anna.store.permits.all()["orders"].reset_at
    assert refused(anna) == 0


def test_other_resources_go_on(anna: Rig) -> None:
    ration(anna, 0)

    assert anna.step("anna").waiting
    assert not anna.step("anna", Stream.INVENTORY).waiting


def test_a_flood_of_the_past_leaves_half_of_the_rest_of_the_day_to_polls(anna: Rig) -> None:
    anna.world.add_seller("bert")
    anna.world.preload_orders("bert", 1000, START - timedelta(days=20), START - timedelta(days=1))
    anna.enroll("bert", backfill=timedelta(days=30))
    ration(anna, 10)

    while not (flood := anna.step("bert", Stream.BACKFILL)).waiting:
        assert flood.more
    polls = [anna.step("anna") for _ in range(3)]

    assert not any(poll.waiting for poll in polls)
    assert anna.store.permits.all()["orders"].used <= 10
    assert refused(anna) == 0


def test_calls_that_others_make_with_the_same_keys_are_counted(anna: Rig) -> None:
    reset = anna.store.permits.all()["orders"].reset_at
    anna.store.permits.observe("orders", 100, 0, reset)

    assert anna.step("anna").waiting
    assert refused(anna) == 0


def planning(it: Rig) -> FleetPlanning:
    return FleetPlanning(it.store, it.steps.pace, it.steps.quota)


def test_the_planner_says_full_while_the_quota_reaches(anna: Rig) -> None:
    anna.poll("anna")

    planned = planning(anna).plan_fleet()

    assert (planned.sellers, planned.levels) == (1, {"orders": "full", "inventory": "full", "trading": "full"})
    assert fleets(anna.store)["orders"].plan.level.full


def test_when_the_quota_is_short_the_level_falls_and_the_poll_says_so(anna: Rig) -> None:
    for number in range(6):
        name = f"seller-{number}"
        anna.world.add_seller(name)
        anna.enroll(name)
        anna.poll(name)
    ration(anna, 233)  # 7 sellers at the promised 60 min need 168 a day, at the wished 5 min 2,016

    planned = planning(anna).plan_fleet()
    anna.steps.pace = type(anna.steps.pace)(
        {stream: timedelta(seconds=rules.base_s) for stream, rules in anna.steps.pace.rules.items()}, fleets=lambda: fleets(anna.store)
    )
    anna.advance(minutes=5)
    result = anna.step("anna")

    assert planned.levels["orders"] != "full"
    assert timedelta(minutes=5) < result.next_due - anna.world.clock.now() <= timedelta(minutes=63)
    assert "level" in result.why or "promised" in result.why


def test_before_the_first_plan_everybody_gets_an_even_share(anna: Rig) -> None:
    ration(anna, 24)

    fleet = fleets(anna.store)["orders"]

    assert (fleet.plan.level.full, fleet.even_s) == (True, 3600)
    assert Plans(anna.store)() == {}  # the planner has a moment to say something first


def test_the_curve_of_the_day_is_learnt_from_the_fleets_orders_and_kept_for_a_day(anna: Rig) -> None:
    anna.world.add_seller("bert")
    for hour in range(24):
        anna.world.preload_orders("bert", 100 if hour == 3 else 3, START - timedelta(hours=29 - hour), START - timedelta(hours=28 - hour))
    anna.enroll("bert", backfill=timedelta(days=2))
    while anna.step("bert", Stream.BACKFILL).more:
        pass
    planner = planning(anna)

    planner.plan_fleet()
    learnt = fleets(anna.store)["orders"].curve
    for _ in range(30):
        anna.world.place_order("bert")
    anna.poll("bert")
    planner.plan_fleet()

    assert max(learnt) == learnt[(START - timedelta(hours=26)).hour]
    assert sum(learnt) == pytest.approx(24, abs=0.01)
    assert fleets(anna.store)["orders"].curve == fleets(anna.store)["inventory"].curve == learnt


def test_a_read_of_several_steps_is_one_poll_to_the_sellers_pace(anna: Rig) -> None:
    anna.poll("anna")
    for _ in range(420):
        anna.world.place_order("anna")
        anna.advance(seconds=1)
    anna.advance(minutes=20)
    calls = anna.calls("anna")

    steps = 1
    while anna.step("anna", until=anna.world.clock.now()).more:
        steps += 1
    with anna.store.engine.connect() as connection:
        pace = connection.exec_driver_sql("SELECT pace FROM sellerbeat.streams WHERE seller_id = 'anna' AND stream = 'orders'").scalar_one()

    assert steps > 2
    assert pace[8] == pytest.approx(1 + 0.1 * (anna.calls("anna") - calls - 1))
    assert pace[4] == pytest.approx(420, rel=0.02)


def test_a_quota_that_cannot_keep_the_promise_opens_an_alert_and_closes_it_when_it_can(anna: Rig) -> None:
    ration(anna, 3)
    planning(anna).plan_fleet()
    short = [alert["kind"] for alert in anna.store.alerts()]

    ration(anna, 100_000)
    planning(anna).plan_fleet()

    assert short == ["quota_short:orders"]
    assert anna.store.alerts() == []


def test_the_planner_asks_ebay_for_its_count_once_an_hour(anna: Rig) -> None:
    before = sum(request.resource == "rate_limit" for request in anna.world.requests)

    for _ in range(3):
        planning(anna).plan_fleet()

    assert sum(request.resource == "rate_limit" for request in anna.world.requests) - before == 1
    assert all(ledger.observed for ledger in anna.store.permits.all().values())


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_permit_costs_a_quiet_poll_no_statement(anna: Rig, purpose: Purpose) -> None:
    anna.steps.permits.take("orders", purpose, anna.store.permits.all()["orders"].day_start)

    assert anna.steps.permits.batch_size("orders", purpose, anna.store.permits.all()["orders"].day_start) == 0
