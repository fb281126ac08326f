"""The table of cadences, line by line."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import Facts, PacingSettings, SellerPace, desired_interval, next_poll

NOW = 1_800_000_000.0
HOUR, DAY = 3600.0, 86_400.0
SETTINGS = PacingSettings()


def desired(quiet: float = 0, settings: PacingSettings = SETTINGS, **facts: object) -> tuple[float, str]:
    return desired_interval(SellerPace(last_change=NOW - quiet), Facts(**facts), NOW, settings)  # type: ignore[arg-type]


def test_the_base_holds_where_nothing_else_does() -> None:
    assert desired() == (300, "every 5 min")


@pytest.mark.parametrize(
    ("quiet", "expected"),
    [
        (3599, (300, "every 5 min")),
        (3600, (600, "quiet for 1 h: every 10 min")),
        (7199, (600, "quiet for 1 h: every 10 min")),
        (7200, (750, "quiet for 2 h: every 12 min 30 s")),
        (10_799, (750, "quiet for 2 h: every 12 min 30 s")),
        (10_800, (900, "quiet for 3 h: every 15 min")),
        (47 * HOUR, (900, "quiet for 47 h: every 15 min")),
        (9.5 * DAY, (900, "quiet for 9 days: every 15 min")),
    ],
)
def test_quiet_slows_down_in_steps(quiet: float, expected: tuple[float, str]) -> None:
    assert desired(quiet) == expected


def test_the_steps_of_quiet_follow_the_settings() -> None:
    settings = PacingSettings(base_s=2, quiet_after_s=20, quiet_factor=5)

    assert [desired(quiet, settings) for quiet in (19, 20, 40, 90)] == [
        (2, "every 2 s"),
        (6, "quiet for 20 s: every 6 s"),
        (8, "quiet for 40 s: every 8 s"),
        (10, "quiet for 1 min: every 10 s"),
    ]


def test_a_change_dated_after_now_is_not_quiet() -> None:
    assert desired(quiet=-5 * HOUR) == (300, "every 5 min")


def test_more_than_100_sales_are_busy_and_never_quiet() -> None:
    busy = (120, "busy (more than 100 sales in 30 days): every 2 min")

    assert desired(sales_30d=100) == (300, "every 5 min")
    assert desired(sales_30d=101) == busy
    assert desired(quiet=5 * HOUR, sales_30d=101) == busy


def test_busy_never_polls_less_often_than_the_base() -> None:
    assert desired(settings=PacingSettings(base_s=30), sales_30d=101)[0] == 30


def test_a_stream_without_busy_keeps_its_base() -> None:
    assert desired(settings=PacingSettings(base_s=1800, busy_sales=math.inf), sales_30d=10**9) == (1800, "every 30 min")


def test_a_cadence_set_by_hand_comes_before_busy_and_slows_down_when_quiet() -> None:
    assert desired(cadence_s=600, sales_30d=101) == (600, "cadence set by hand: every 10 min")
    assert desired(quiet=2 * HOUR, cadence_s=600) == (1500, "cadence set by hand, quiet for 2 h: every 25 min")


def test_no_login_for_seven_days_is_dormant_to_the_second() -> None:
    assert desired(last_login=NOW - 7 * DAY + 1) == (300, "every 5 min")
    assert desired(last_login=NOW - 7 * DAY) == (6 * HOUR, "no login for 7 days: every 6 h")
    assert desired(last_login=NOW - 9.9 * DAY) == (6 * HOUR, "no login for 9 days: every 6 h")


def test_dormant_comes_before_cadence_busy_and_quiet() -> None:
    assert desired(quiet=9 * DAY, last_login=NOW - 9 * DAY, cadence_s=600, sales_30d=101) == (6 * HOUR, "no login for 9 days: every 6 h")


def test_dormant_never_polls_more_often_than_the_cadence() -> None:
    assert desired(last_login=NOW - 9 * DAY, cadence_s=DAY) == (DAY, "no login for 9 days: every 1 day")


def test_a_seller_whose_logins_nobody_reports_is_awake() -> None:
    assert desired(last_login=None) == (300, "every 5 min")


def test_a_speed_up_comes_before_dormant_cadence_and_busy() -> None:
    assert desired(speed_up_s=30, last_login=NOW - 9 * DAY, cadence_s=600, sales_30d=101) == (30, "speeded up: every 30 s")


def test_a_speed_up_never_slows_down() -> None:
    assert desired(speed_up_s=301) == (300, "every 5 min")
    assert desired(speed_up_s=300) == (300, "speeded up: every 5 min")
    assert desired(speed_up_s=600, quiet=3 * HOUR) == (600, "speeded up: every 10 min")


def test_paused_comes_before_everything() -> None:
    assert desired(paused=True, speed_up_s=30, last_login=NOW - 9 * DAY) == (math.inf, "paused")


def test_the_next_poll_is_one_interval_ahead() -> None:
    pace = SellerPace(last_change=NOW - 2 * HOUR)

    assert next_poll(pace, Facts(), NOW, SETTINGS) == (NOW + 750, "quiet for 2 h: every 12 min 30 s")
    assert next_poll(pace, Facts(paused=True), NOW, SETTINGS) == (math.inf, "paused")


SECONDS = st.floats(1, 10 * DAY)
ANY_FACTS = st.builds(
    Facts,
    sales_30d=st.integers(0, 10_000),
    last_login=st.none() | st.floats(NOW - 20 * DAY, NOW + DAY),
    cadence_s=st.none() | SECONDS,
    speed_up_s=st.none() | SECONDS,
    paused=st.booleans(),
)
PACES = st.builds(SellerPace, last_change=st.floats(0, NOW + DAY))


@given(PACES, ANY_FACTS, st.floats(NOW, NOW + DAY))
def test_the_next_poll_is_always_ahead_and_never_off_unless_paused(pace: SellerPace, facts: Facts, now: float) -> None:
    at, reason = next_poll(pace, facts, now, SETTINGS)

    assert at > now
    assert (at == math.inf) == facts.paused
    assert reason


@given(PACES, ANY_FACTS)
def test_a_speed_up_never_makes_any_seller_slower(pace: SellerPace, facts: Facts) -> None:
    assert desired_interval(pace, facts, NOW, SETTINGS)[0] <= desired_interval(pace, replace(facts, speed_up_s=None), NOW, SETTINGS)[0]


@given(ANY_FACTS, st.floats(0, 10 * DAY), st.floats(0, 10 * DAY))
def test_longer_quiet_never_means_more_polls(facts: Facts, one: float, other: float) -> None:
    shorter, longer = sorted((one, other))

    assert (
        desired_interval(SellerPace(NOW - shorter), facts, NOW, SETTINGS)[0]
        <= desired_interval(SellerPace(NOW - longer), facts, NOW, SETTINGS)[0]
    )
