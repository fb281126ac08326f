"""Orders where eBay cannot answer wide windows, or one moment: nothing is lost, and few calls are made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from ebay.cutting import Span, Window
from ebay.errors import EbayError, EbayUnavailableError
from ebay.narrowing import Width
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
    world = type("It", (Failing,), {"fails": staticmethod(fails)})()
    world.place(START + timedelta(hours=hours) * number / rows for number in range(rows))
    world.now = START + timedelta(hours=hours, minutes=6)
    return world


def read(world: Failing, cursor: datetime, kept: dict[str, str], steps: int) -> tuple[datetime, EbayError | None]:
    """Steps until all is read, each going on from what the one before committed."""
    edges: tuple[datetime, ...] = ()
    limit, failures, error = None, 0, None
    for _ in range(steps):
        width, error = Width.of(limit, failures), None
        try:
            for part in changed_since(world.fetch, cursor, OVERLAP, edges, width, lambda: world.now):
                keep(kept, part.orders)
                cursor, edges, limit = part.cursor, part.remaining, width.kept()
        except EbayError as failed:
            error, failures = failed, failures + 1
        else:
            break
    return cursor, error


@pytest.mark.parametrize("works", [timedelta(minutes=9), HOUR, 6 * HOUR, 25 * HOUR])
def test_wide_windows_that_fail_are_narrowed_until_all_is_read(works: timedelta) -> None:
    world, kept = failing(lambda window: window.width > works, hours=30, rows=90), {}

    cursor, error = read(world, START, kept, steps=40)

    assert error is None
    assert world.missing(kept) == []
    assert START + timedelta(hours=30) <= cursor <= world.now
    assert len(world.calls) <= 30 * HOUR / works * 2 + 25


def test_many_orders_and_windows_that_fail_are_cut_by_rows_and_by_width() -> None:
    world, kept = failing(lambda window: window.width > 2 * HOUR, hours=30, rows=3_000), {}

    _, error = read(world, START, kept, steps=40)

    assert error is None
    assert world.missing(kept) == []
    assert len(world.calls) < 90


def test_a_moment_that_ebay_never_answers_is_an_error_and_all_before_it_is_read() -> None:
    bad = START + timedelta(hours=11, milliseconds=7)
    world, kept = failing(lambda window: window.start <= bad <= window.end, hours=30, rows=90), {}

    cursor, error = read(world, START, kept, steps=60)

    assert error is not None
    assert bad - 2 * MS <= cursor < bad
    assert [row for row in world.missing(kept) if world.rows[row].modified < bad] == []
    span, _ = world.calls[-1]
    assert isinstance(span, Window)
    assert span.width <= 2 * MS


def test_a_dense_hour_that_needs_narrow_windows_does_not_narrow_the_rest_for_good() -> None:
    dense = Window(START + 10 * HOUR, START + 11 * HOUR)

    def fails(window: Window) -> bool:
        return window.start < dense.end and window.end > dense.start and window.width > timedelta(minutes=10)

    world, kept = failing(fails, hours=40, rows=80), {}

    _, error = read(world, START, kept, steps=60)

    assert error is None
    assert world.missing(kept) == []
    assert len(world.calls) < 100


def test_an_error_that_no_width_causes_is_raised_at_once() -> None:
    def refused(span: Span, offset: int) -> OrderPage:
        raise EbayUnavailableError("the connection to eBay failed")

    with pytest.raises(EbayUnavailableError):
        next(changed_since(refused, START, OVERLAP, (), Width(failures=9), lambda: START + 30 * HOUR))


def test_a_quiet_poll_is_one_call_also_where_a_width_is_known() -> None:
    world = failing(lambda window: window.width > HOUR, hours=1, rows=0)
    width = Width.of({"width_s": 3000, "good_s": 3000, "proven": True})

    [part] = changed_since(world.fetch, world.now - 2 * OVERLAP, OVERLAP, (), width, lambda: world.now)

    assert (len(world.calls), part.remaining) == (1, ())
