"""What fails for one seller alone costs less and less: the wait comes from the step, and a lasting failure has one attempt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.polling import waits
from domain.pacing import Stream
from domain.pacing.outage import backoff
from ebay.errors import BadAnswerError, EbayError
from simulator.poison import How
from tests.support.fleet import Fleet
from tests.support.rig import Rig, rig
from workflows.messages import Connected

STREAMS = (Stream.ORDERS, Stream.FULFILLMENT, Stream.INVENTORY, Stream.LISTINGS, Stream.SWEEP, Stream.REPORT)


@pytest.fixture
def it(database: str) -> Iterator[Rig]:
    with rig(database, "anna", "bert") as it:
        it.enroll("anna")
        it.enroll("bert")
        yield it


def attempt(it: Rig, seller: str = "anna", stream: Stream = Stream.ORDERS) -> EbayError:
    it.advance(seconds=61)
    it.poll("bert", stream)
    with pytest.raises(EbayError) as caught:
        it.poll(seller, stream)
    return caught.value


def fail_for(it: Rig, seller: str, kind: str) -> None:
    if kind == "refused tokens":
        it.world.lasting.stop("order", "inventory_item", "trading", "feed", how=How.UNAUTHORIZED, sellers=[seller])
    elif kind == "no tokens":
        it.tokens.known.clear()
        it.world.lasting.stop("token", how=How.FAILS, sellers=[seller])
    else:
        it.world.lasting.stop(how=How(kind), sellers=[seller])


def test_the_wait_doubles_and_a_lasting_failure_has_one_attempt(it: Rig) -> None:
    it.world.lasting.stop("order", sellers=["anna"])

    failures = [attempt(it) for _ in range(14)]

    reported = [error.wait.total_seconds() for error in failures if error.wait]
    assert all(0.9 * 5 * 2**n <= wait <= 5 * 2**n for n, wait in enumerate(reported[:5]))
    assert all(wait >= 290 for wait in reported[5:])  # never faster than the cadence after a few tries
    assert all(0.9 * 21_600 <= wait <= 21_600 for wait in reported[13:])
    assert [error.lasting for error in failures] == [False, False] + [True] * 12
    assert backoff(99) == timedelta(hours=6)


def test_what_the_step_decided_travels_with_the_error_to_the_workflow(it: Rig) -> None:
    it.world.lasting.stop("order", sellers=["anna"])
    error = [attempt(it) for _ in range(3)][-1]
    assert error.wait

    reported = waits.retry_error(error, error.wait)

    assert isinstance(reported, ApplicationError)
    assert (reported.type, reported.non_retryable, reported.details) == ("EbayUnavailableError", True, (error.wait.total_seconds(),))


def test_a_success_begins_anew(it: Rig) -> None:
    it.world.lasting.stop("order", sellers=["anna"])
    for _ in range(8):
        attempt(it)
    it.world.lasting.start()
    it.poll("anna")
    it.world.lasting.stop("order", sellers=["anna"])

    error = attempt(it)

    assert error.wait is not None
    assert error.wait <= timedelta(seconds=5)


@pytest.mark.parametrize(
    "kind", ["refused tokens", "no tokens", "gateway", *(pytest.param(kind, marks=pytest.mark.repeats) for kind in ("no word", "fails"))]
)
def test_a_failing_seller_costs_little_from_the_second_day_on(database: str, kind: str) -> None:
    with rig(database) as it:
        if kind != "no tokens":
            it.lasting_tokens()
        fleet = Fleet(it, 4, STREAMS)
        for name in list(fleet.states)[1:]:  # who keeps eBay from being down, with few polls
            fleet.states[name].streams = {Stream.ORDERS: fleet.states[name].streams[Stream.ORDERS]}
            fleet.states[name].streams[Stream.ORDERS].cadence = timedelta(hours=3)
        fleet.run(minutes=10)
        fail_for(it, "s0", kind)
        fleet.run(days=1)
        calls, tokens = it.calls("s0"), it.calls("s0", "token:refresh_token")

        fleet.run(days=1)

        assert it.calls("s0") - calls <= 200
        assert it.calls("s0", "token:refresh_token") - tokens <= 20


def test_a_fresh_token_that_is_refused_is_kept_and_not_asked_for_at_every_attempt(it: Rig) -> None:
    fail_for(it, "anna", "refused tokens")

    failures = [attempt(it) for _ in range(10)]

    assert {type(error) for error in failures} == {BadAnswerError}
    assert it.calls("anna", "token:refresh_token") <= 2


def test_a_new_consent_is_tried_at_once(it: Rig) -> None:
    fleet = Fleet(it, 1)
    fleet.run(minutes=10)
    state = fleet.states["s0"]
    state.failed(Stream.ORDERS, "BadAnswerError: refused", it.world.clock.now(), timedelta(hours=6))
    assert state.due(it.world.clock.now()) == []

    state.connected(Connected(generation=2).generation)

    assert state.due(it.world.clock.now()) == [Stream.ORDERS]


def test_what_another_stream_announces_waits_too(it: Rig) -> None:
    fleet = Fleet(it, 1, (Stream.ORDERS, Stream.FULFILLMENT))
    now = it.world.clock.now()
    state = fleet.states["s0"]
    state.failed(Stream.FULFILLMENT, "EbayUnavailableError: eBay failed", now, timedelta(hours=1))
    state.streams[Stream.FULFILLMENT].announced_at = now

    assert Stream.FULFILLMENT not in state.due(now + timedelta(minutes=59))
    assert Stream.FULFILLMENT in state.due(now + timedelta(hours=1))
    assert state.streams[Stream.FULFILLMENT].when() == now + timedelta(hours=1)
