"""eBay's time by two clocks, neither of which is believed alone."""

from datetime import UTC, datetime, timedelta

import pytest

from ebay.clock import FOR, LIKELY, NEAR, SAID, UNKNOWN, ClockReading, EbayClock, http_date

NOW = datetime(2026, 6, 18, 12, tzinfo=UTC)
FIVE = timedelta(minutes=5)
LEAPS = [timedelta(minutes=30), timedelta(hours=1), timedelta(hours=3), timedelta(days=29_000), timedelta(minutes=1)]


def hears(clock: EbayClock, *ahead: timedelta | None, begin: datetime = NOW) -> list[ClockReading]:
    """Answers five minutes apart by our clock, each with a date so far ahead of it; None: with none."""
    return [clock.hear(None if one is None else begin + number * FIVE + one, begin + number * FIVE) for number, one in enumerate(ahead)]


def agreed(ahead: timedelta = timedelta()) -> EbayClock:
    clock = EbayClock()
    clock.agree(ahead)
    return clock


def test_dates_that_agree_are_ebays_time_as_they_are() -> None:
    dates = [timedelta(seconds=seconds) for seconds in (0, -1, 3, -6, 0)]

    assert hears(EbayClock(), *dates) == [
        ClockReading(NOW + number * FIVE + one, NOW + number * FIVE + one, True) for number, one in enumerate(dates)
    ]


@pytest.mark.parametrize("leap", LEAPS)
def test_one_date_that_leaps_ahead_is_not_believed_and_changes_nothing_for_those_after_it(leap: timedelta) -> None:
    before, leapt, after = hears(agreed(), timedelta(), leap, timedelta())

    assert (leapt.at, leapt.sure, leapt.dated) == (NOW + FIVE, NOW + FIVE, False)
    assert (before.dated, after.dated, after.at) == (True, True, NOW + 2 * FIVE)


@pytest.mark.parametrize("leap", [-one for one in LEAPS if one < timedelta(days=1)] + [datetime(1970, 1, 1, tzinfo=UTC) - NOW])
def test_one_date_that_goes_back_holds_a_cursor_and_dates_no_row(leap: timedelta) -> None:
    _, back, after = hears(agreed(), timedelta(), leap, None)

    assert (back.at, back.sure) == (NOW + FIVE, NOW + FIVE + leap)
    assert (after.at, after.sure) == (NOW + 2 * FIVE, NOW + 2 * FIVE)


@pytest.mark.parametrize("leap", LEAPS)
def test_the_first_answer_alone_puts_nothing_ahead_of_our_clock(leap: timedelta) -> None:
    [first] = hears(EbayClock(), leap)

    assert (first.sure, first.dated) == (NOW, False)
    assert first.at == (NOW + leap if leap <= LIKELY else NOW)  # a row may be dated by it


@pytest.mark.parametrize("ahead", [timedelta(minutes=7), timedelta(minutes=-7)])
def test_a_difference_of_minutes_is_believed_by_a_new_process_after_three_answers(ahead: timedelta) -> None:
    said = hears(EbayClock(), ahead, ahead, ahead)

    assert [moment.dated for moment in said] == ([False, False, True] if ahead > timedelta() else [True, True, True])
    assert said[-1].sure == NOW + 2 * FIVE + ahead


def test_an_answer_without_a_date_is_dated_by_what_the_first_one_said() -> None:
    _, without = hears(EbayClock(), timedelta(minutes=7), None)

    assert (without.at, without.sure) == (NOW + FIVE + timedelta(minutes=7), NOW + FIVE - UNKNOWN)


@pytest.mark.parametrize("ahead", [LIKELY + timedelta(minutes=1), timedelta(hours=1)])
def test_a_greater_difference_is_not(ahead: timedelta) -> None:
    assert not any(moment.dated for moment in hears(EbayClock(), *[ahead] * 5))


def test_the_first_answer_is_believed_where_our_clock_is_ahead_since_no_cursor_is_harmed() -> None:
    first, without = hears(EbayClock(), timedelta(hours=-2), None)

    assert (first.at, first.sure) == (NOW - timedelta(hours=2), NOW - timedelta(hours=2))
    assert without.sure == NOW + FIVE - timedelta(hours=2)


def test_without_any_date_so_far_our_clock_is_taken_for_an_hour_ahead_where_a_cursor_moves() -> None:
    [first] = hears(EbayClock(), None)

    assert (first.at, first.sure, first.dated) == (NOW, NOW - UNKNOWN, False)


@pytest.mark.parametrize("ahead", [timedelta(minutes=7), timedelta(hours=1), timedelta(minutes=-7)])
def test_another_difference_is_believed_when_nothing_else_was_said_for_an_hour(ahead: timedelta) -> None:
    clock = agreed()
    said = hears(clock, *[ahead] * 13)

    assert [moment.at == NOW + number * FIVE + ahead for number, moment in enumerate(said)] == [False] * 12 + [True]
    assert clock.ahead == ahead


def test_it_is_not_believed_while_any_answer_says_what_was_agreed_on() -> None:
    clock = agreed()

    hears(clock, *([timedelta(minutes=30)] * 11 + [timedelta()]) * 10)

    assert clock.ahead == timedelta()


def test_leaps_of_different_lengths_never_make_a_difference_to_believe() -> None:
    clock = agreed()

    hears(clock, *[timedelta(minutes=minutes) for minutes in (30, 180, 31, 90, -60) * 20])

    assert clock.ahead == timedelta()


def test_many_answers_within_a_moment_are_no_more_than_one_word() -> None:
    clock = agreed()

    said = [clock.hear(NOW + timedelta(minutes=30), NOW) for _ in range(10 * SAID)]

    assert {moment.sure for moment in said} == {NOW}
    assert clock.hear(NOW + FOR + timedelta(minutes=30), NOW + FOR).dated


def test_the_agreed_difference_follows_clocks_that_drift() -> None:
    clock = agreed()

    said = hears(clock, *[timedelta(seconds=number) for number in range(300)])

    assert all(moment.dated for moment in said)
    assert clock.ahead == timedelta(seconds=299)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Thu, 99 Jun 2026 12:00:00 GMT", "1750248000", "0"])
def test_a_date_in_words_or_none_is_our_clock_put_right_by_what_was_agreed(date: str | None) -> None:
    moment = agreed(timedelta(minutes=7)).hear(http_date(date), NOW)

    assert (moment.at, moment.sure, moment.dated) == (NOW + timedelta(minutes=7), NOW + timedelta(minutes=7), False)


def test_a_second_less_than_near_is_no_leap_and_a_second_more_is() -> None:
    second = timedelta(seconds=1)

    assert agreed().hear(NOW + NEAR - second, NOW).dated
    assert not agreed().hear(NOW + NEAR + second, NOW).dated


def test_a_clock_of_ours_that_is_put_back_in_the_midst_of_a_leap_begins_the_hour_anew() -> None:
    clock, leap = agreed(), timedelta(minutes=30)
    hears(clock, *[leap] * 12)

    [moment] = hears(clock, leap, begin=NOW - timedelta(days=1))

    assert not moment.dated


def test_dates_cut_to_the_second_do_not_put_clocks_apart_that_agree() -> None:
    clock = agreed()

    hears(clock, *[timedelta(milliseconds=-ms) for ms in (0, 999, 500, 1, 730)])

    assert clock.now(NOW) == NOW
