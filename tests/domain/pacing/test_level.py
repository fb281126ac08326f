"""The level spends what there is: within half a percent, the same whoever comes first, and never less for more calls."""

import math
import random
import time
import tracemalloc

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.pacing import DEFAULT_CURVE, FULL, Demand, Level, PacingSettings, Slot, interval, level, slots, weight
from tests.support.examples import examples

DAY, HOUR = 86_400.0, 3600.0
NOW = 1_800_000_000.0
ZONES = ("west", "east")

WEIGHTS = st.floats(1e-3, 100)
DEMANDS = st.lists(
    st.builds(
        lambda weight, shortest, more, calls, zone: Demand(weight, shortest, shortest * more, calls, zone),
        WEIGHTS,
        st.floats(1, 6 * HOUR),
        st.floats(1, 50),
        st.floats(1, 20),
        st.sampled_from(ZONES),
    ),
    min_size=1,
    max_size=30,
)
SLOTS = st.lists(
    st.builds(Slot, st.floats(60, 2 * HOUR), st.fixed_dictionaries({zone: st.floats(0.3, 1.5) for zone in ZONES})), min_size=1, max_size=12
)
SHARES = st.floats(0, 1)


def spent(demands: list[Demand], slots: list[Slot], level: Level) -> float:
    """What everybody's polls cost at a level, counted seller by seller and slot by slot."""
    total = 0.0
    for asked in demands:
        for slot in slots:
            share = level.k * asked.weight * slot.factors.get(asked.zone, 1.0) / DAY
            rate = 1 / asked.shortest_s if level.full else min(max(share, 1 / (asked.longest_s * level.squeeze)), 1 / asked.shortest_s)
            total += rate * slot.seconds * asked.calls_per_poll
    return total


def between(demands: list[Demand], slots: list[Slot], share: float) -> float:
    """Calls so far between what all longest and what all shortest intervals cost."""
    least, most = spent(demands, slots, Level(k=0.0)), spent(demands, slots, FULL)
    return least + share * (most - least)


@given(DEMANDS, SLOTS, SHARES, st.floats(1e-6, 1e6))
def test_what_lies_between_all_longest_and_all_shortest_is_spent(
    demands: list[Demand], slots: list[Slot], share: float, guess: float
) -> None:
    calls = between(demands, slots, share)

    found = level(demands, slots, calls, guess)

    assert found.squeeze == pytest.approx(1, rel=1e-6)
    assert spent(demands, slots, found) == pytest.approx(calls, rel=0.005)


@given(DEMANDS, SLOTS, SHARES, SHARES)
def test_more_calls_never_lower_the_level(demands: list[Demand], slots: list[Slot], one: float, other: float) -> None:
    fewer, more = sorted((one, other))

    low, high = (level(demands, slots, between(demands, slots, share)) for share in (fewer, more))

    assert low.k <= high.k * (1 + 1e-5)


@given(DEMANDS, SLOTS, st.floats(1.001, 100))
def test_more_than_everybody_wishes_is_full(demands: list[Demand], slots: list[Slot], times: float) -> None:
    assert level(demands, slots, spent(demands, slots, FULL) * times) == FULL


@given(DEMANDS, SLOTS, st.floats(0.05, 0.999))
def test_less_than_the_promise_costs_stretches_everybody_by_one_factor(demands: list[Demand], slots: list[Slot], share: float) -> None:
    calls = spent(demands, slots, Level(k=0.0)) * share

    found = level(demands, slots, calls)

    assert found.k == 0
    assert found.squeeze == pytest.approx(1 / share)
    assert spent(demands, slots, found) == pytest.approx(calls)


@given(DEMANDS, SLOTS, SHARES, st.randoms(use_true_random=False))
def test_the_order_of_sellers_does_not_matter(demands: list[Demand], slots: list[Slot], share: float, dice: random.Random) -> None:
    calls = between(demands, slots, share)
    shuffled = dice.sample(demands, len(demands))

    one, other = level(demands, slots, calls), level(shuffled, slots, calls)

    assert spent(demands, slots, one) == pytest.approx(spent(demands, slots, other), rel=1e-6)
    assert one.squeeze == pytest.approx(other.squeeze)


@given(DEMANDS, SLOTS, st.floats(0.02, 0.98), st.floats(1e-3, 1e3))
def test_scaling_all_weights_changes_no_interval(demands: list[Demand], slots: list[Slot], share: float, scale: float) -> None:
    calls = between(demands, slots, share)
    scaled = [each._replace(weight=each.weight * scale) for each in demands]

    one, other = level(demands, slots, calls), level(scaled, slots, calls)

    def intervals(asked: list[Demand], at: Level) -> list[float]:
        return [interval(each.weight**2, 1, each.shortest_s, each.longest_s, at, PacingSettings()) for each in asked]

    assume(not one.full)
    assert spent(scaled, slots, other) == pytest.approx(spent(demands, slots, one), rel=1e-4)
    if _strictly_between(demands, slots, one):
        assert intervals(scaled, other) == pytest.approx(intervals(demands, one), rel=1e-3)


def _strictly_between(demands: list[Demand], slots: list[Slot], found: Level) -> bool:
    """Somebody's polls change with the level: only there one number of calls means one level."""
    return spent(demands, slots, Level(k=found.k * 1.01)) > spent(demands, slots, Level(k=found.k / 1.01)) * 1.0001


@given(st.lists(st.floats(1, 1000), min_size=2, max_size=20), st.floats(0.1, 0.9))
def test_equal_sellers_get_equal_shares(rates: list[float], share: float) -> None:
    weights = [weight(rate, 1, PacingSettings()) for rate in rates for _ in range(5)]
    demands = [Demand(each, 300, HOUR) for each in weights]
    found = level(demands, [Slot(DAY, {})], between(demands, [Slot(DAY, {})], share))

    for rate in rates:
        polls = [DAY / interval(rate, 1, 300, HOUR, found, PacingSettings()) for _ in range(5)]
        jain = sum(polls) ** 2 / (len(polls) * sum(each**2 for each in polls))
        assert jain >= 0.95


def test_a_seller_without_a_weight_stays_at_the_longest_interval_and_an_obeyed_one_at_the_shortest() -> None:
    demands = [Demand(0.0, 6 * HOUR, 6 * HOUR), Demand(math.inf, 30, 30), Demand(2.0, 300, HOUR)]

    plenty = level(demands, [Slot(DAY, {})], 4 + 2880 + 100)
    short = level(demands, [Slot(DAY, {})], 2880 + 14)

    assert plenty.k == pytest.approx(50)
    assert short.k == 0
    assert short.squeeze == pytest.approx(2)


@pytest.mark.parametrize(
    ("demands", "cut", "calls", "expected"),
    [
        ([], [Slot(DAY, {})], 100, FULL),
        ([Demand(1, 300, HOUR)], [], 100, FULL),
        ([Demand(1, 300, HOUR)], [Slot(0, {})], 100, FULL),
        ([Demand(1, 300, HOUR)], [Slot(DAY, {})], 0, Level(0.0, 24.0)),
        ([Demand(1, 300, HOUR)], [Slot(DAY, {})], -50, Level(0.0, 24.0)),
        ([Demand(0, 300, HOUR)] * 3, [Slot(DAY, {})], 100, Level(0.0, 1.0)),
        ([Demand(0, 300, HOUR)] * 3, [Slot(DAY, {})], 1000, FULL),
        ([Demand(0, 300, HOUR)] * 3, [Slot(DAY, {})], 36, Level(0.0, 2.0)),
        ([Demand(1, 0, 0)], [Slot(DAY, {})], 100, Level(0.0, 24.0)),
    ],
)
def test_nothing_to_share_divides_by_nothing(demands: list[Demand], cut: list[Slot], calls: float, expected: Level) -> None:
    assert level(demands, cut, calls) == expected


def fleet(sellers: int) -> list[Demand]:
    dice = random.Random(1)
    rates = [1.5 * math.exp(1.6 * dice.gauss(0, 1)) for _ in range(sellers)]
    return [Demand(weight(rate, 1, PacingSettings()), 300, HOUR, 1.0, number % 8) for number, rate in enumerate(rates)]


def test_a_fleet_of_3000_sellers_and_12_slots_is_planned_in_a_second_and_100_mb() -> None:
    demands = fleet(3_000)
    cut = slots(NOW, NOW + DAY, {zone: (zone, DEFAULT_CURVE) for zone in range(8)}, PacingSettings())
    began = time.process_time()
    level(demands, cut, 90_000)
    took = time.process_time() - began
    tracemalloc.start()
    level(demands, cut, 90_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(cut) == 12
    assert took < 1
    assert peak < 100_000_000


@given(st.floats(0, 1), st.floats(1, 25 * HOUR))
@settings(max_examples=examples(50))
def test_slots_cover_the_rest_of_the_day_two_hours_at_a_time(start: float, left: float) -> None:
    cut = slots(NOW + start, NOW + start + left, {"here": (2.0, DEFAULT_CURVE)}, PacingSettings())

    assert sum(slot.seconds for slot in cut) == pytest.approx(left, abs=1e-3)
    assert all(0 < slot.seconds <= 2 * HOUR and 0.3 < slot.factors["here"] < 1.4 for slot in cut)
