"""eBay fails for everybody: one probe asks for all, nobody else calls, one alert, and all go on when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest

from domain.pacing import Stream
from ebay.errors import EbayUnavailableError
from simulator.poison import How
from tests.support.fleet import Fleet
from tests.support.rig import EVERY, START, Rig, rig

ALL = list(product([How.GATEWAY, How.FAILS, How.SILENT], [1, 2, 3, 20, 50]))
PAIRS = [(How.FAILS, 1), (How.SILENT, 2), (How.GATEWAY, 3)]


def calls(it: Rig, *resources: str) -> int:
    return sum(n for (_, resource), n in it.world.calls.items() if not resources or resource in resources)


@pytest.fixture
def it(database: str) -> Iterator[Rig]:
    with rig(database) as it:
        yield it


def alerts(it: Rig) -> list[str]:
    return [one["kind"] for one in it.store.alerts() if one["seller_id"] is None]


def states(it: Rig) -> set[str]:
    return {one["state"] for one in it.store.status.all()}


@pytest.mark.parametrize(
    ("how", "sellers"), [*PAIRS, *(pytest.param(*pair, marks=pytest.mark.repeats) for pair in ALL if pair not in PAIRS)]
)
def test_an_outage_is_one_alert_and_one_state_and_a_call_every_half_minute(it: Rig, sellers: int, how: How) -> None:
    fleet = Fleet(it, sellers)
    fleet.run(minutes=10)
    it.world.lasting.stop("order", how=how)
    fleet.run(minutes=10)
    before = calls(it, "order")

    fleet.run(minutes=15)

    probes = calls(it, "order") - before
    # of one or two sellers nobody else tells whether it is what they ask for, so they look at another moment too
    assert 20 <= probes <= (30 if sellers > 2 else 60)
    assert alerts(it) == ["ebay_down"]
    assert states(it) == {"ebay_down"}
    reason = it.store.seller("s0")["reason"]
    assert ("cannot reach eBay" if how is How.SILENT else "eBay fails (HTTP 50") in reason
    assert {state.state()[0] for state in fleet.states.values()} == {"ebay_down"}


@pytest.mark.parametrize("sellers", [1, 3, 12, *(pytest.param(many, marks=pytest.mark.repeats) for many in (2, 20, 50))])
def test_all_go_on_within_their_interval_when_ebay_is_back(it: Rig, sellers: int) -> None:
    fleet = Fleet(it, sellers)
    fleet.run(minutes=10)
    it.world.lasting.stop()
    fleet.run(minutes=15)
    it.world.lasting.start()
    back = it.world.clock.now()

    fleet.run(seconds=45)
    assert any(at > back for at in fleet.good.values())
    fleet.run(seconds=405)

    assert all(at > back for at in fleet.good.values())
    assert alerts(it) == []
    assert states(it) == {"polling"}
    assert {stream["failures"] for one in it.store.status.all() for stream in one["streams"].values()} == {0}


@pytest.mark.parametrize(
    ("resource", "sellers"),
    [
        *(("orders", 12), ("trading", 12), ("tokens", 12)),
        *(pytest.param(*more, marks=pytest.mark.repeats) for more in product(("orders", "tokens"), (20, 40))),
        pytest.param("trading", 30, marks=pytest.mark.repeats),
    ],
)
def test_half_an_hour_of_many_sellers_costs_a_hundredth_of_a_day_and_the_return_is_no_storm(it: Rig, resource: str, sellers: int) -> None:
    """Without a breaker 12 sellers would call 72 times at the least, and each of a step's attempts as often again."""
    stream = Stream.LISTINGS if resource == "trading" else Stream.ORDERS
    fleet = Fleet(it, sellers, (stream,), within=EVERY[stream], inventory_source="trading")
    with it.store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE sellerbeat.streams SET cursor = '{START:%Y-%m-%d %H:%M}+00' WHERE stream = 'listings'")
    fleet.run(seconds=EVERY[stream])
    usual = max(fleet.minutes.values()) * (2 if resource == "trading" else 1)  # there an hour is read in some windows, with a new token
    if resource == "tokens":
        it.tokens.known.clear()
    it.world.lasting.stop(*([] if resource == "orders" else [resource.removesuffix("s")]), how=How.SILENT)
    before = calls(it)
    fleet.run(minutes=30)
    spent, opened = calls(it) - before, it.store.breakers.open()
    it.world.lasting.start()
    back, began = it.world.clock.now(), fleet.minute()

    fleet.run(seconds=1.5 * 3 * EVERY[stream])  # after an hour of quiet they are polled a third as often

    assert list(opened) == [resource]
    assert spent <= (50 if resource == "trading" else 100)
    assert fleet.polled_since(back) == sellers
    assert max(n for minute, n in fleet.minutes.items() if minute >= began) <= 3 * usual


def test_half_of_the_answers_failing_is_no_outage(it: Rig) -> None:
    fleet = Fleet(it, 6)
    fleet.run(minutes=10)
    it.world.lasting.stop("order", share=0.5)

    fleet.run(hours=1)

    assert alerts(it) == []
    assert it.store.breakers.open() == {}
    assert min(fleet.good.values()) > it.world.clock.now() - timedelta(minutes=20)


@pytest.mark.parametrize("answer", [429, 400], ids=["a spent quota", "a refusal"])
def test_a_probe_that_ebay_refuses_says_that_it_is_back(it: Rig, answer: int) -> None:
    fleet = Fleet(it, 3)
    fleet.run(minutes=10)
    it.world.lasting.stop("order")
    fleet.run(minutes=10)
    assert alerts(it) == ["ebay_down"]
    it.world.lasting.start()
    it.world.faults.force(answer, {"errors": [{"errorId": 2001 if answer == 429 else 30700}]}, resource="order")

    fleet.run(minutes=1)

    assert alerts(it) == []


def test_a_seller_who_fails_alone_is_no_outage(it: Rig) -> None:
    fleet = Fleet(it, 5)
    fleet.run(minutes=10)
    it.world.lasting.stop("order", sellers=["s3"])

    fleet.run(hours=1)

    assert alerts(it) == []
    assert states(it) == {"polling", "failing"}
    assert it.store.seller("s3")["streams"]["orders"]["failures"] > 6


def test_a_breaker_of_another_version_is_read_as_far_as_it_can_be(it: Rig) -> None:
    fleet = Fleet(it, 2)
    with it.store.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO sellerbeat.breakers (resource, opened_at, every_s) VALUES ('weather', now(), -7)")
        connection.exec_driver_sql("INSERT INTO sellerbeat.breakers (resource, opened_at, every_s) VALUES ('orders', 'infinity', -7)")

    fleet.run(minutes=15)

    assert len(fleet.good) == 2
    assert it.store.breakers.open() == {}


def test_the_token_endpoint_down_stops_only_who_needs_a_token(it: Rig) -> None:
    fleet = Fleet(it, 4)
    fleet.run(minutes=10)
    it.world.lasting.stop("token")
    fleet.run(minutes=60)
    assert alerts(it) == []  # everybody's token is good for two hours

    fleet.run(minutes=70)
    assert alerts(it) == ["ebay_down"]
    assert states(it) == {"ebay_down"}
    assert calls(it, "token:refresh_token") < 4 + 100

    it.world.lasting.start()
    fleet.run(minutes=8)
    assert states(it) == {"polling"}


def test_a_worker_that_alone_fails_opens_no_breaker_and_makes_few_calls(database: str) -> None:
    with rig(database) as it:
        ill = Rig(it.world, "http://127.0.0.1:9", it.store, timedelta(minutes=5))
        fleet = Fleet(it, 24, rigs=(it, it))
        fleet.run(minutes=5)
        fleet.rigs = (it, ill)

        fleet.run(minutes=15)

        assert ill.steps.breakers.is_ill()
        assert it.store.breakers.open() == {}
        assert alerts(it) == []
        ill.steps.ebay.api_url = it.url
        ill.tokens.oauth.url = it.tokens.oauth.url
        fleet.run(minutes=10)
        assert not ill.steps.breakers.is_ill()
        assert states(it) == {"polling"}
        ill.http.close()


def test_two_workers_share_one_breaker_and_one_call_in_half_a_minute(it: Rig) -> None:
    other = Rig(it.world, it.url, it.store, timedelta(minutes=5))
    other.behind = timedelta(minutes=-7)  # its clock is wrong: so is what it takes for Temporal's
    fleet = Fleet(it, 5, rigs=(it, other))
    fleet.run(minutes=10)
    it.world.lasting.stop("order")
    fleet.run(minutes=10)
    before = calls(it, "order")

    fleet.run(minutes=15)

    assert alerts(it) == ["ebay_down"]
    assert calls(it, "order") - before <= 2 * 30
    it.world.lasting.start()
    fleet.run(minutes=23)
    assert states(it) == {"polling"}
    other.http.close()


def test_a_call_may_be_claimed_by_one_alone(it: Rig) -> None:
    now = it.world.clock.now()
    breakers = it.store.breakers
    breakers.doubt("orders", now, now, 3, "cannot reach eBay")
    assert breakers.trip("orders", now, now, "cannot reach eBay", anywhere=True)

    assert [breakers.claim("orders", now + timedelta(seconds=seconds)) for seconds in (29, 30, 30, 59, 60)] == [
        False,
        True,
        False,
        False,
        True,
    ]
    assert breakers.close("orders", now)
    assert not breakers.close("orders", now)
    assert not breakers.claim("orders", now + timedelta(days=1))


def test_what_succeeds_elsewhere_keeps_the_breaker_closed(it: Rig) -> None:
    now = it.world.clock.now()
    breakers = it.store.breakers
    breakers.doubt("orders", now, now, 3, "cannot reach eBay")
    breakers.good("trading", now + timedelta(seconds=50))
    later = now + timedelta(seconds=61)

    assert not breakers.trip("orders", now, later, "cannot reach eBay", anywhere=True)
    assert breakers.trip("orders", now, later, "eBay fails (HTTP 500)", anywhere=False)


def test_failures_that_began_in_the_outage_are_forgotten_and_older_ones_are_not(it: Rig) -> None:
    now = it.world.clock.now()
    for number in range(3):
        it.world.add_seller(f"s{number}")
        it.enroll(f"s{number}")
    it.world.lasting.stop("order", sellers=["s0"])
    with pytest.raises(EbayUnavailableError):
        it.step("s0")
    it.advance(minutes=5)
    since = it.world.clock.now()
    it.world.lasting.stop("order")
    with pytest.raises(EbayUnavailableError):
        it.step("s1")
    it.store.breakers.doubt("orders", since, since, 3, "cannot reach eBay")
    it.store.breakers.trip("orders", since, since + timedelta(minutes=1), "eBay fails (HTTP 502)", anywhere=True)

    it.store.breakers.close("orders", now + timedelta(minutes=7))

    assert [it.store.seller(f"s{number}")["streams"]["orders"]["failures"] for number in range(3)] == [1, 0, 0]
