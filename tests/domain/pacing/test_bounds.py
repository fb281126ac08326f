"""Between which intervals the quota may decide, for every line of the table of cadences."""

import math
from dataclasses import replace

import pytest
from hypothesis import given

from domain.pacing import Bounds, Facts, PacingSettings, SellerPace, bounds_s, desired_interval
from tests.domain.pacing.strategies import ANY_FACTS, NOW, PACES

DAY, HOUR = 86_400.0, 3600.0
SETTINGS = PacingSettings()
SPARE = PacingSettings(use_spare=True)
ASLEEP = NOW - 7 * DAY


@pytest.mark.parametrize(
    ("quiet", "facts", "expected"),
    [
        (0, Facts(), Bounds(300, HOUR, "")),
        (3599, Facts(), Bounds(300, HOUR, "")),
        (3600, Facts(), Bounds(600, HOUR, "quiet for 1 h")),
        (3 * HOUR, Facts(), Bounds(900, HOUR, "quiet for 3 h")),
        (3 * HOUR, Facts(sales_30d=100), Bounds(900, HOUR, "quiet for 3 h")),
        (3 * HOUR, Facts(sales_30d=101), Bounds(120, HOUR, "busy")),
        (0, Facts(cadence_s=7200), Bounds(7200, 7200, "cadence set by hand")),
        (0, Facts(cadence_s=60, sales_30d=101), Bounds(60, HOUR, "cadence set by hand")),
        (0, Facts(unseen_share=0.49, sales_30d=101), Bounds(1800, HOUR, "notifications work")),
        (0, Facts(unseen_share=0.49, cadence_s=60), Bounds(1800, HOUR, "notifications work")),
        (0, Facts(unseen_share=0.5), Bounds(300, HOUR, "")),
        (0, Facts(last_login=ASLEEP + 1), Bounds(300, HOUR, "")),
        (0, Facts(last_login=ASLEEP, sales_30d=101), Bounds(6 * HOUR, 6 * HOUR, "no login for 7 days", weighed=False)),
        (0, Facts(last_login=ASLEEP, speed_up_s=30), Bounds(30, 30, "speeded up", weighed=False, obeyed=True)),
        (0, Facts(speed_up_s=300), Bounds(300, 300, "speeded up", weighed=False, obeyed=True)),
        (0, Facts(speed_up_s=900), Bounds(300, 900, "speeded up")),
        (0, Facts(paused=True, speed_up_s=30), Bounds(math.inf, math.inf, "paused", weighed=False)),
    ],
)
def test_the_shortest_is_the_wish_and_the_longest_is_promised(quiet: float, facts: Facts, expected: Bounds) -> None:
    assert bounds_s(SellerPace(NOW - quiet), facts, NOW, SETTINGS) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(), Bounds(60, HOUR, "")),
        (Facts(sales_30d=101), Bounds(60, HOUR, "busy")),
        (Facts(cadence_s=7200), Bounds(60, 7200, "cadence set by hand")),
        (Facts(cadence_s=30), Bounds(30, HOUR, "cadence set by hand")),
        (Facts(last_login=ASLEEP), Bounds(6 * HOUR, 6 * HOUR, "no login for 7 days", weighed=False)),
        (Facts(speed_up_s=30), Bounds(30, 30, "speeded up", weighed=False, obeyed=True)),
    ],
)
def test_spare_calls_make_every_weighed_seller_as_fast_as_may_be(facts: Facts, expected: Bounds) -> None:
    assert bounds_s(SellerPace(NOW), facts, NOW, SPARE) == expected


@given(PACES, ANY_FACTS)
def test_the_shortest_is_what_the_rules_wish_and_never_above_the_longest(pace: SellerPace, facts: Facts) -> None:
    bounds = bounds_s(pace, facts, NOW, SETTINGS)

    assert bounds.shortest_s == desired_interval(pace, facts, NOW, SETTINGS)[0]
    assert bounds.shortest_s <= bounds.longest_s


@given(PACES, ANY_FACTS)
def test_spare_calls_never_make_anybody_slower(pace: SellerPace, facts: Facts) -> None:
    plain, spare = (bounds_s(pace, facts, NOW, settings) for settings in (SETTINGS, SPARE))

    assert spare.shortest_s <= plain.shortest_s
    assert spare.longest_s <= plain.longest_s


@given(PACES, ANY_FACTS)
def test_a_speed_up_is_the_longest_that_anybody_waits(pace: SellerPace, facts: Facts) -> None:
    sped = replace(facts, speed_up_s=120.0, paused=False)

    assert bounds_s(pace, sped, NOW, SETTINGS).longest_s <= 120
