"""When a doubt about the keys ends, who is dead then, and how few ask eBay while it lasts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from simulator.state.accounts import OTHER_KEYS
from tests.support.keyed_fleet import Fleet, forget_keys


def test_a_doubt_ends_after_a_day_and_who_is_still_refused_is_dead(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(4)
    fleet.expire()
    fleet.keys(*OTHER_KEYS)
    before = fleet.asked()
    outcomes = []
    for _ in range(23):
        outcomes += fleet.attempts()
        fleet.advance(hours=1)
    in_doubt, asked = fleet.dead(), fleet.asked() - before
    fleet.advance(hours=1)
    late = fleet.attempts()

    assert (set(outcomes), in_doubt) == ({"waits"}, [])
    assert asked < 50
    assert late == ["dead"] * 4
    assert fleet.states() == {"needs_reauthorization": 4}


def test_a_doubt_ends_when_two_tokens_of_that_key_work(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(4)
    fleet.expire()
    fleet.keys(*OTHER_KEYS)
    for seller in ("s2", "s3"):  # they moved on to the other application
        fleet.store.sellers.connect(seller, fleet.world.accounts.renew(seller, keyset=OTHER_KEYS[0]), scopes=[])
    doubted = [fleet.attempt("s0"), fleet.attempt("s1")]
    fleet.advance(seconds=61)
    one = [fleet.attempt("s2"), fleet.attempt("s0")]
    two = [fleet.attempt("s3"), fleet.attempt("s0"), fleet.attempt("s1")]

    assert (doubted, one, two) == (["waits", "waits"], ["ok", "waits"], ["ok", "dead", "dead"])
    assert fleet.alerts() == [("s0", "needs_reauthorization"), ("s1", "needs_reauthorization")]


def test_one_consent_to_another_application_holds_up_nobody_of_a_fleet_that_is_well(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(5)
    fleet.store.sellers.connect("s0", fleet.world.accounts.renew("s0", keyset=OTHER_KEYS[0]), scopes=[], client="another key")
    fleet.expire()

    outcomes = fleet.attempts()
    again = fleet.attempt("s0")

    assert outcomes == ["waits", "ok", "ok", "ok", "ok"]
    assert again == "dead"
    assert fleet.alerts() == [("s0", "needs_reauthorization")]


def test_a_doubt_and_its_alert_end_with_the_last_who_was_refused(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(1)
    forget_keys(fleet)
    fleet.expire()
    fleet.refuse()
    doubted = fleet.attempts()
    fleet.relent()
    fleet.advance(minutes=1)

    assert (doubted, fleet.attempts()) == (["waits"], ["ok"])
    assert fleet.alerts() == []


def test_many_who_are_refused_in_the_same_moment_are_seen_together(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(16)
    fleet.expire()
    fleet.refuse()
    fleet.world.faults.latency_s = 0.1
    start = Barrier(4)

    def attempts(sellers: list[str]) -> list[str]:
        start.wait()
        return [fleet.attempt(seller) for seller in sellers]

    with ThreadPoolExecutor(4) as pool:
        outcomes = [one for part in pool.map(attempts, [fleet.sellers[n::4] for n in range(4)]) for one in part]

    assert outcomes.count("waits") >= 14
    assert fleet.dead() == []
    assert fleet.alerts() == [(None, "keys_refused")]


def test_of_many_who_need_a_token_in_doubt_in_the_same_moment_one_asks(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(4)
    fleet.expire()
    fleet.keys(*OTHER_KEYS)
    fleet.attempts()
    fleet.advance(minutes=2)
    fleet.world.faults.latency_s = 0.3
    before, start = fleet.asked(), Barrier(4)

    def attempt(seller: str) -> str:
        start.wait()
        return fleet.attempt(seller)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, fleet.sellers))

    assert outcomes == ["waits"] * 4
    assert fleet.asked() - before == 1
