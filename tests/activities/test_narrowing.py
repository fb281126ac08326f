"""Windows that eBay cannot answer, in the steps: what was read stays read, and the next step knows the width."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain.changes.dates import read_time
from domain.pacing import Stream
from ebay.errors import EbayError, EbayUnavailableError
from simulator.apis import trading as trading_api
from simulator.trading_xml import TradingError
from tests.support.listed import begin, missed, poll, report, row, verdict
from tests.support.rig import Rig, rig

HOUR_MS = 3_600_000


@pytest.fixture
def hub(anna: Rig) -> Rig:
    anna.world.switches.listing_late = 0
    anna.world.list_item("anna", item_id="110011", quantity=40)
    begin(anna)
    poll(anna)
    return anna


def steps(it: Rig, stream: Stream, most: int = 20) -> int:
    """Polls until one goes well, as the workflow has them; how many failed."""
    for failed in range(most):
        try:
            it.poll("anna", stream)
        except EbayError:
            continue
        return failed
    return most


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[float], bool]], list[float]]:
    """Let eBay answer only windows of so many hours; gives the widths that it is asked for."""

    def only(works: Callable[[float], bool]) -> list[float]:
        inner, asked = trading_api.CALLS["GetSellerEvents"], []

        def events(world: Any, request: Any, xml: Any) -> Any:
            now = world.clock.now_ms()
            start, end = (trading_api._date(request, xml, name, now) for name in ("ModTimeFrom", "ModTimeTo"))
            asked.append((end - start) / HOUR_MS)
            if not works(asked[-1]):
                raise TradingError(request.call, now, 10007, "Internal error to the application.", "Internal error to the application.")
            return inner(world, request, xml)

        monkeypatch.setitem(trading_api.CALLS, "GetSellerEvents", events)
        return asked

    return only


Answers = Callable[[Callable[[float], bool]], list[float]]


@pytest.mark.parametrize("works", [20.0, 6.0, 1.0])
def test_a_pause_is_read_in_windows_that_ebay_answers_and_each_commits(hub: Rig, answers: Answers, works: float) -> None:
    hub.advance(hours=40)
    hub.world.revise("anna", "110011", price="77.0")
    hub.advance(minutes=10)
    asked = answers(lambda hours: hours <= works)

    failed = steps(hub, Stream.LISTINGS)

    assert failed <= 3
    assert row(hub, "110011")["data"]["price"]["value"] == "77.0"
    assert verdict(hub) == (0, 0, 0)
    assert len(asked) <= 40 / works * 2 + 12


def test_after_the_pause_a_quiet_poll_is_one_call_as_before(hub: Rig, answers: Answers) -> None:
    hub.advance(hours=30)
    asked = answers(lambda hours: hours <= 6)
    steps(hub, Stream.LISTINGS)
    before = len(asked)

    for _ in range(6):
        poll(hub)

    assert len(asked) - before == 6
    assert hub.store.status.seller("anna")["streams"]["listings"]["reading"] is False


def test_a_narrower_width_is_known_to_the_next_step_though_this_one_failed(hub: Rig, answers: Answers) -> None:
    hub.advance(hours=30)
    asked = answers(lambda hours: False)

    for _ in range(2):
        with pytest.raises(EbayUnavailableError):
            hub.poll("anna", Stream.LISTINGS)

    assert [round(hours, 1) for hours in asked] == [30.0, 15.0, 7.5, 3.8, 1.9, 0.9]


def test_a_second_that_ebay_never_answers_is_an_error(hub: Rig, answers: Answers) -> None:
    hub.advance(hours=30)
    asked = answers(lambda hours: False)

    assert steps(hub, Stream.LISTINGS, 25) == 25
    assert min(asked) >= 1 / 3600
    assert asked[-1] < 2 / 3600
    assert len(asked) < 2 * 25 + 6  # from the third failure on with one for a witness


def test_the_report_meets_polling_in_windows_that_ebay_answers(hub: Rig, answers: Answers) -> None:
    hub.advance(hours=30)
    hub.world.revise("anna", "110011", price="77.0")
    hub.advance(minutes=10)
    answers(lambda hours: hours <= 2)

    for _ in range(20):
        try:
            report(hub)
            break
        except EbayError:
            hub.advance(seconds=30)

    assert row(hub, "110011")["data"]["price"]["value"] == "77.0"
    assert missed(hub) == 0
    assert verdict(hub) == (0, 0, 0)


def refuse_orders(it: Rig, wide: timedelta) -> list[float]:
    """eBay fails for windows of orders that are wider; gives the widths in hours."""
    asked: list[float] = []

    def before(request: Any) -> None:
        found = RANGE.search(request.query.get("filter", ""))
        if not found:
            return
        start, end = read_time(found[1]), read_time(found[2]) or it.world.clock.now()
        assert start is not None
        asked.append((end - start) / timedelta(hours=1))
        if end - start > wide:
            it.world.faults.force(504, "<html>Gateway Time-out</html>", resource="order")

    it.world.faults.before_answer = before
    return asked


RANGE = re.compile(r"lastmodifieddate:\[(.+)\.\.(.*)\]")


@pytest.mark.parametrize("works", [timedelta(hours=20), timedelta(hours=3), timedelta(minutes=40)])
def test_orders_of_a_pause_are_read_in_windows_that_ebay_answers(anna: Rig, works: timedelta) -> None:
    for _ in range(40):
        anna.world.place_order("anna")
        anna.advance(hours=1)
    asked = refuse_orders(anna, works)

    failed = steps(anna, Stream.ORDERS)

    assert failed <= 4
    assert verdict(anna, "order") == (0, 0, 0)
    assert len(asked) <= timedelta(hours=40) / works * 2 + 15


def test_an_outage_costs_a_poll_of_orders_one_call_and_from_the_third_on_one_for_a_witness(anna: Rig) -> None:
    anna.poll("anna")
    anna.advance(minutes=5)
    asked = refuse_orders(anna, timedelta())

    failed = steps(anna, Stream.ORDERS, 12)
    anna.world.faults.before_answer = None
    before = anna.calls("anna", "order")
    order = anna.world.place_order("anna")
    anna.advance(minutes=10)
    anna.poll("anna")

    assert (failed, len(asked)) == (12, 12 + 10)
    assert anna.calls("anna", "order") - before <= 3
    assert set(anna.stored("anna")) == {order}


def test_a_body_over_the_limit_is_asked_for_in_parts(anna: Rig) -> None:
    for _ in range(60):
        anna.world.place_order("anna")
        anna.advance(hours=1)
    anna.steps.ebay.exchange.max_body = 40_000

    failed = steps(anna, Stream.ORDERS)

    assert failed <= 2
    assert verdict(anna, "order") == (0, 0, 0)


def test_a_backfill_in_narrow_windows_ends_and_says_so(database: str) -> None:
    with rig(database, "anna") as it:
        for _ in range(30):
            it.world.place_order("anna")
            it.advance(hours=5)
        it.enroll("anna", backfill=timedelta(days=9))
        refuse_orders(it, timedelta(hours=30))

        steps(it, Stream.BACKFILL)

        assert it.step("anna", Stream.BACKFILL).done
        assert len(it.stored("anna")) == 30
