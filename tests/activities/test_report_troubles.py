"""A report that does not come, comes broken or has odd rows: it is asked for again, waited for, given up; the listings are read anyhow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.pacing import Stream
from ebay.errors import EbayUnavailableError
from simulator.hostility import Hostility
from tests.support.listed import begin, missed, of, report, verdict
from tests.support.rig import Rig


@pytest.mark.parametrize("fault", ["report_failed", "not_a_zip", "torn_report"])
def test_a_report_that_cannot_be_used_is_asked_for_again_and_then_replaced_by_pages(hub: Rig, fault: str) -> None:
    break_reports(hub, fault)
    made = hub.world.list_item("anna")

    report(hub)

    assert hub.world.reports.made["anna"] == 1 + 3
    assert [alert["kind"] for alert in hub.store.alerts()] == ["no_report"]
    assert len(of(hub, made)) == 1
    assert verdict(hub) == (0, 0, 0)

    hub.world.hostility = None
    report(hub)
    assert hub.store.alerts() == []


def test_a_report_that_never_completes_is_given_up_after_six_hours(hub: Rig) -> None:
    break_reports(hub, "report_stuck")
    began = hub.world.clock.now()

    report(hub)

    assert timedelta(hours=6) < hub.world.clock.now() - began < timedelta(hours=6, minutes=10)
    assert hub.calls("anna", "feed") < 220
    assert [alert["kind"] for alert in hub.store.alerts()] == ["no_report"]
    assert verdict(hub) == (0, 0, 0)


def test_too_many_reports_at_a_time_are_waited_for(hub: Rig) -> None:
    hub.world.switches.reports_at_once = 0
    hub.poll("anna", Stream.REPORT)
    hub.advance(minutes=5)
    waiting = hub.poll("anna", Stream.REPORT)
    hub.world.switches.reports_at_once = 10

    report(hub)

    assert "too many reports" in waiting.why
    assert hub.store.alerts() == []


@pytest.mark.parametrize("fault", ["rows_nameless", "rows_negative", "rows_twice", "rows_unknown"])
def test_odd_rows_change_nothing(hub: Rig, fault: str) -> None:
    break_reports(hub, fault)

    report(hub)

    assert bool(hub.store.set_aside()) is (fault == "rows_nameless")
    assert missed(hub) == 0
    assert verdict(hub) == (0, 0, 0)


@pytest.mark.parametrize("file_format", ["zip", "gzip", "xml"])
def test_any_packing_is_read(anna: Rig, file_format: str) -> None:
    anna.world.switches.report_format = file_format
    anna.world.add_seller("anna", listings=40)
    anna.world.preload_listings("anna")

    begin(anna)

    assert len(anna.stored("anna", "inventory")) == 40
    assert anna.store.alerts() == []


@pytest.mark.parametrize("every", [3, *(pytest.param(every, marks=pytest.mark.repeats) for every in (2, 5))])
def test_a_report_that_fails_on_the_way_goes_on_where_it_stopped(anna: Rig, every: int) -> None:
    anna.world.add_seller("anna", listings=450)
    anna.world.preload_listings("anna")
    anna.poll("anna", Stream.INVENTORY)
    anna.world.faults.fail_every = every
    failures = 0
    for _ in range(300):
        try:
            result = anna.step("anna", Stream.REPORT)
        except EbayUnavailableError:
            failures += 1
            continue
        if result.next_due - anna.world.clock.now() > timedelta(hours=1):
            break
        anna.advance(seconds=(result.next_due - anna.world.clock.now()).total_seconds() + 1)

    assert failures > 0
    assert len(anna.stored("anna", "inventory")) == 450
    assert verdict(anna) == (0, 0, 0)


def break_reports(it: Rig, fault: str) -> None:
    """Every report from now on has this fault."""
    it.world.hostility = Hostility(seed=1)
    it.world.hostility.set(fault, 1.0)
