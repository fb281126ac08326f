"""What an operator mistypes costs no consent: refusals that may be for the keys are doubted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.pacing.doubts import PROBE
from ebay.oauth import key_of
from simulator.state.accounts import OTHER_KEYS
from tests.support.keyed_fleet import INVALID_GRANT, INVALID_SCOPE, Fleet, forget_keys

# other keys


@pytest.mark.parametrize("sellers", [6, *(pytest.param(many, marks=pytest.mark.repeats) for many in (12, 30))])
def test_wrong_keys_for_ten_minutes_kill_nobody_and_with_the_right_ones_all_poll_again_within_two(
    fleet_of: Callable[[int], Fleet], sellers: int
) -> None:
    fleet = fleet_of(sellers)
    fleet.expire()
    fleet.keys(*OTHER_KEYS)
    before = fleet.asked()

    wrong = fleet.live(minutes=10)
    asked = fleet.asked() - before
    alarmed = fleet.alerts()
    fleet.restart()
    right = fleet.live(minutes=2)

    assert {outcome for _, outcome in wrong} == {"waits"}
    assert 2 <= asked <= 10 * 60 / PROBE.total_seconds() + 1
    assert alarmed == [(None, "keys_refused")]
    assert {seller for seller, outcome in right if outcome == "ok"} == set(fleet.sellers)
    assert fleet.asked() - before - asked <= sellers
    assert fleet.alerts() == []
    assert fleet.fleet_alerts() == ["alert.opened", "alert.closed"]
    assert {one for seller in fleet.sellers for one in fleet.types(seller)} == set()


def test_a_seller_who_really_leaves_while_the_keys_are_wrong_is_the_only_one_who_is_dead(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(6)
    fleet.expire()
    fleet.keys(*OTHER_KEYS)
    fleet.world.accounts.revoke("s2")
    fleet.live(minutes=5)
    while_wrong = fleet.dead()

    fleet.restart()
    fleet.live(minutes=3)

    assert while_wrong == []
    assert fleet.dead() == ["s2"]
    assert fleet.alerts() == [("s2", "needs_reauthorization")]
    assert fleet.types("s2") == ["seller.needs_reauthorization"]


@pytest.mark.parametrize("body", [INVALID_GRANT, INVALID_SCOPE])
def test_a_single_seller_of_a_fleet_of_one_is_not_dead_for_other_keys_and_is_for_their_own(
    fleet_of: Callable[[int], Fleet], body: str
) -> None:
    fleet = fleet_of(1)
    fleet.expire()
    fleet.refuse(body)
    fleet.keys(*OTHER_KEYS)
    others = fleet.attempts()
    fleet.restart()
    ours = fleet.attempts()

    assert (others, ours) == (["waits"], ["dead"])
    assert fleet.types("s0") == ["seller.needs_reauthorization"]


def test_a_key_is_a_client_id_at_one_ebay_whatever_its_secret_is() -> None:
    ours = key_of("id", "https://api.ebay.com")

    assert ours == key_of("id", "https://API.ebay.com/")
    assert len({ours, key_of("id", "https://api.sandbox.ebay.com"), key_of("ID", "https://api.ebay.com")}) == 3
    assert "id-of-ours" not in key_of("id-of-ours", "https://api.ebay.com")


def test_a_worker_with_wrong_keys_beside_one_with_right_ones_kills_nobody_for_days(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(4)
    wrong, right = [], []
    for _ in range(6):
        fleet.advance(hours=7)
        fleet.expire()
        fleet.keys(*OTHER_KEYS)
        wrong += fleet.attempts()
        fleet.restart()
        right += fleet.attempts()

    assert (set(wrong), set(right)) == ({"waits"}, {"ok"})
    assert fleet.dead() == []
    assert fleet.alerts() == []


def test_wrong_keys_again_days_after_are_doubted_again(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(2)
    fleet.expire()
    fleet.keys(*OTHER_KEYS)
    first = fleet.attempts()
    fleet.advance(days=3)  # nobody worked

    assert (first, fleet.attempts()) == (["waits"] * 2, ["waits"] * 2)


# several at once


def test_two_of_two_who_leave_at_once_are_dead_and_the_third_of_three_revives_them(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(3)
    fleet.expire()
    fleet.refuse()
    two = [fleet.attempt("s0"), fleet.attempt("s1")]
    of_two = fleet.alerts()
    fleet.advance(minutes=9)
    third = fleet.attempt("s2")
    of_three = fleet.alerts()
    fleet.relent()
    fleet.live(minutes=2)

    assert (two, third) == (["dead", "dead"], "waits")
    assert of_two == [("s0", "needs_reauthorization"), ("s1", "needs_reauthorization")]
    assert of_three == [(None, "keys_refused")]
    assert fleet.types("s0") == fleet.types("s1") == ["seller.needs_reauthorization", "seller.reauthorized"]
    assert fleet.types("s2") == []
    assert [fleet.attempt(seller) for seller in fleet.sellers] == ["ok"] * 3
    assert fleet.alerts() == []
    assert fleet.store.tokens.trials.revived() == [("s0", 2), ("s1", 2)]  # their workflows are to be woken


def test_three_within_more_than_ten_minutes_are_their_own(fleet_of: Callable[[int], Fleet]) -> None:
    fleet = fleet_of(3)
    fleet.expire()
    fleet.refuse()
    outcomes = []
    for seller in fleet.sellers:
        outcomes.append(fleet.attempt(seller))
        fleet.advance(minutes=6)

    assert outcomes == ["dead"] * 3


@pytest.mark.parametrize(("well", "last"), [(3, "waits"), (4, "dead")])
def test_three_are_several_where_they_are_half_of_those_who_asked(fleet_of: Callable[[int], Fleet], well: int, last: str) -> None:
    fleet = fleet_of(3 + well)
    fleet.expire()
    assert [fleet.attempt(seller) for seller in fleet.sellers[3:]] == ["ok"] * well
    fleet.refuse()

    assert [fleet.attempt(seller) for seller in fleet.sellers[:3]] == ["dead", "dead", last]
    assert len(fleet.dead()) == (0 if last == "waits" else 3)


def test_who_is_dead_since_long_is_not_revived_by_a_doubt_and_a_revived_one_who_really_leaves_is_told_again(
    fleet_of: Callable[[int], Fleet],
) -> None:
    fleet = fleet_of(5)
    fleet.expire()
    fleet.world.accounts.revoke("s4")
    fleet.attempt("s4")
    fleet.advance(minutes=11)
    fleet.refuse()
    for seller in fleet.sellers[:3]:
        fleet.attempt(seller)
    dead = fleet.dead()
    fleet.relent()
    fleet.world.accounts.revoke("s0")
    fleet.live(minutes=5)

    assert dead == ["s4"]
    assert fleet.dead() == ["s0", "s4"]
    assert fleet.types("s0") == ["seller.needs_reauthorization", "seller.reauthorized", "seller.needs_reauthorization"]
    assert fleet.alerts() == [("s0", "needs_reauthorization"), ("s4", "needs_reauthorization")]


@pytest.mark.parametrize("sellers", [6, *(pytest.param(many, marks=pytest.mark.repeats) for many in (12, 30))])
def test_ebay_refusing_everybody_for_ten_minutes_kills_nobody_and_afterwards_all_poll_within_two(
    fleet_of: Callable[[int], Fleet], sellers: int
) -> None:
    fleet = fleet_of(sellers)
    fleet.expire()
    fleet.refuse()
    before = fleet.asked()
    fleet.live(minutes=10)
    asked, dead, alarmed = fleet.asked() - before, fleet.dead(), fleet.alerts()
    fleet.relent()
    fleet.live(minutes=2)

    assert (dead, alarmed) == ([], [(None, "keys_refused")])
    assert asked <= sellers + 10 * 60 / PROBE.total_seconds()
    assert fleet.attempts() == ["ok"] * sellers
    assert fleet.alerts() == []
    assert fleet.fleet_alerts() == ["alert.opened", "alert.closed"]


# rows of before


@pytest.mark.parametrize("count", [1, 2, 4])
def test_sellers_of_before_whose_key_nobody_knows_are_not_dead_for_wrong_keys(fleet_of: Callable[[int], Fleet], count: int) -> None:
    fleet = fleet_of(count)
    forget_keys(fleet)
    fleet.expire()
    fleet.keys(*OTHER_KEYS)
    fleet.live(minutes=5)
    wrong = fleet.dead()
    fleet.restart()
    fleet.live(minutes=2)

    assert wrong == []
    assert fleet.attempts() == ["ok"] * count
    assert fleet.alerts() == []


def test_the_key_of_a_seller_of_before_is_learnt_with_the_next_token_and_then_their_own_refusal_is_believed(
    fleet_of: Callable[[int], Fleet],
) -> None:
    fleet = fleet_of(1)
    forget_keys(fleet)
    fleet.expire()
    learnt = fleet.attempts()
    fleet.world.accounts.revoke("s0")

    assert (learnt, fleet.attempts()) == (["ok"], ["dead"])
