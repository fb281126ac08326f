"""Orders where eBay cannot answer wide windows, or one moment: nothing is lost, and few calls are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from domain.changes.moments import Moment
from ebay.cutting import Span, Window
from ebay.errors import EbayError, EbayUnavailableError
from ebay.narrowing import LearnedWidth, Width
from ebay.pages import OrderPage
from ebay.windows import changed_since
from tests.ebay.orders_in_memory import START, OrdersInMemory, keep

OVERLAP = timedelta(minutes=5)
HOUR, MS = timedelta(hours=1), timedelta(milliseconds=1)


class Failing(OrdersInMemory):
    fails: Callable[[Window], bool] = lambda window: False

    def fetch(self, span: Span, offset: int) -> OrderPage:
        asked = span if isinstance(span, Window) else Window(span.start, self.now)
        if type(self).fails(asked):
            self.calls.append((span, offset))
            self.now += timedelta(milliseconds=50)
            raise EbayUnavailableError("eBay failed", status=504, narrower=True)
        return super().fetch(span, offset)


def failing(fails: Callable[[Window], bool], hours: int, rows: int) -> Failing:
    world: Failing = type("It", (Failing,), {"fails": staticmethod(fails)})()
    world.place(START + timedelta(hours=hours) * number / rows for number in range(rows))
    world.now = START + timedelta(hours=hours, minutes=6)
    return world


def read(
    world: Failing, cursor: datetime, stored: dict[str, str], steps: int, unreadable: list[Moment] | None = None
) -> tuple[datetime, EbayError | None]:
    """Steps until all is read, each going on from what the one before committed."""
    pending: tuple[datetime, ...] = ()
    learned, failures, error = None, 0, None
    for _ in range(steps):
        width, error = Width.of(learned, failures), None
        try:
            for part in changed_since(world.fetch, cursor, OVERLAP, pending, width, lambda: world.now, unreadable or ()):
                keep(stored, part.orders)
                if part.unreadable and unreadable is not None:
                    unreadable.append(part.unreadable)
                cursor, pending, learned = part.cursor, part.pending_windows, width.learned()
        except EbayError as failed:
            error, failures = failed, failures + 1
        else:
            break
    return cursor, error


@pytest.mark.parametrize("works", [timedelta(minutes=9), HOUR, 6 * HOUR, 25 * HOUR])
def test_wide_windows_that_fail_are_narrowed_until_all_is_read(works: timedelta) -> None:
    world, stored = failing(lambda window: window.width > works, hours=30, rows=90), dict[str, str]()

    cursor, error = read(world, START, stored, steps=40)

    assert error is None
    assert world.missing(stored) == []
    assert START + timedelta(hours=30) <= cursor <= world.now
    assert len(world.calls) <= 30 * HOUR / works * 2 + 25


def test_many_orders_and_windows_that_fail_are_cut_by_rows_and_by_width() -> None:
    world, stored = failing(lambda window: window.width > 2 * HOUR, hours=30, rows=3_000), dict[str, str]()

    _, error = read(world, START, stored, steps=40)

    assert error is None
    assert world.missing(stored) == []
    assert len(world.calls) < 90


@pytest.mark.parametrize("hours", [1, 30])
@pytest.mark.parametrize("many", [1, 2, 5])
def test_moments_that_ebay_never_answers_are_given_as_unreadable_and_all_else_is_read(hours: int, many: int) -> None:
    bad = [START + timedelta(minutes=7 + 11 * number, milliseconds=7) for number in range(many)]
    world, stored = failing(lambda window: any(window.start <= one <= window.end for one in bad), hours=hours, rows=90), dict[str, str]()
    unreadable: list[Moment] = []

    cursor, error = read(world, START, stored, steps=60, unreadable=unreadable)

    assert error is None
    assert cursor > START + timedelta(hours=hours)
    assert world.missing(stored) == []
    assert all(any(moment.start <= one <= moment.end for moment in unreadable) for one in bad)
    assert all(moment.end - moment.start == MS for moment in unreadable)
    assert len(unreadable) <= 2 * many
    assert len(world.calls) < 92 * many + 40


def test_a_moment_that_is_set_aside_is_not_asked_for_again_while_it_lies_in_the_overlap() -> None:
    bad = START + timedelta(minutes=57, milliseconds=7)
    world, stored = failing(lambda window: window.start <= bad <= window.end, hours=1, rows=90), dict[str, str]()
    unreadable: list[Moment] = []
    cursor, _ = read(world, START, stored, steps=60, unreadable=unreadable)
    before = len(world.calls)
    world.now += timedelta(minutes=1)
    world.place([world.now - timedelta(seconds=30)])

    parts = list(changed_since(world.fetch, cursor, timedelta(minutes=20), (), Width(), lambda: world.now, unreadable))

    assert len(world.calls) - before <= 3
    assert parts[-1].pending_windows == ()
    for part in parts:
        keep(stored, part.orders)
    assert world.missing(stored) == []


def test_every_second_answer_that_fails_is_searched_for_twice_a_step_and_not_without_an_end() -> None:
    world = failing(lambda window: len(world.calls) % 2 == 0, hours=1, rows=9)
    width = Width(failures=7)

    with pytest.raises(EbayUnavailableError):
        list(changed_since(world.fetch, START + timedelta(minutes=50), OVERLAP, (), width, lambda: world.now))

    assert len(world.calls) < 200


def test_an_outage_finds_no_moment_and_costs_two_calls_a_step() -> None:
    world = failing(lambda window: True, hours=1, rows=9)
    width = Width(failures=7)

    with pytest.raises(EbayUnavailableError):
        list(changed_since(world.fetch, START + timedelta(minutes=50), OVERLAP, (), width, lambda: world.now))

    assert len(world.calls) == 2


def test_a_dense_hour_that_needs_narrow_windows_does_not_narrow_the_rest_for_good() -> None:
    dense = Window(START + 10 * HOUR, START + 11 * HOUR)

    def fails(window: Window) -> bool:
        return window.start < dense.end and window.end > dense.start and window.width > timedelta(minutes=10)

    world, stored = failing(fails, hours=40, rows=80), dict[str, str]()

    _, error = read(world, START, stored, steps=60)

    assert error is None
    assert world.missing(stored) == []
    assert len(world.calls) < 100


def test_an_error_that_no_width_causes_is_raised_at_once() -> None:
    def refused(span: Span, offset: int) -> OrderPage:
        raise EbayUnavailableError("the connection to eBay failed")

    with pytest.raises(EbayUnavailableError):
        next(changed_since(refused, START, OVERLAP, (), Width(failures=9), lambda: START + 30 * HOUR))


def test_a_quiet_poll_is_one_call_also_where_a_width_is_known() -> None:
    world = failing(lambda window: window.width > HOUR, hours=1, rows=0)
    width = Width.of(LearnedWidth(timedelta(seconds=3000), timedelta(seconds=3000), proven=True))

    [part] = changed_since(world.fetch, world.now - 2 * OVERLAP, OVERLAP, (), width, lambda: world.now)

    assert (len(world.calls), part.pending_windows) == (1, ())
