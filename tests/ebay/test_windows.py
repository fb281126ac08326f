"""Losing none: whatever eBay's order of rows, and whatever moves while we read."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebay.cutting import PAGE, Since, Span, Window
from ebay.pages import OrderPage
from ebay.windows import WindowResult, changed_since
from tests.ebay.orders_in_memory import BY, OVERLAP, START, OrdersInMemory, at, keep
from tests.support.examples import examples

MINUTE = 60_000
ORDERS = sorted(BY)


def poll(
    world: OrdersInMemory, cursor: datetime = START, stored: dict[str, str] | None = None, pending_windows: tuple[datetime, ...] = ()
) -> WindowResult:
    """One whole read; what it gave goes to `kept`."""
    part = None
    for part in changed_since(world.fetch, cursor, OVERLAP, pending_windows):
        keep({} if stored is None else stored, part.orders)
        assert part.cursor >= cursor
        cursor = part.cursor
    assert part is not None
    assert part.pending_windows == ()
    return part


def offset_loop(world: OrdersInMemory, cursor: datetime, stored: dict[str, str]) -> datetime:
    """The counter-example: page after page of one open window, then the cursor moves to now."""
    now, offset = world.now, 0
    following: str | None = "next"
    while following:
        page = world.fetch(Since(cursor - OVERLAP), offset)
        keep(stored, page.orders)
        offset, following = offset + PAGE, page.next
    return now


clusters = st.lists(st.tuples(st.integers(-4 * MINUTE, 2 * MINUTE), st.integers(1, 330), st.sampled_from([0, 1, 40])), max_size=5)


@settings(max_examples=examples(120))
@given(clusters, st.sampled_from(ORDERS), st.integers(0, 2**32), st.integers(0, 3), st.integers(0, 4 * MINUTE))
def test_no_order_is_lost_whatever_moves_between_the_calls(
    clusters: list[tuple[int, int, int]], order: str, seed: int, moves: int, late: int
) -> None:
    def move(world: OrdersInMemory) -> None:
        for order_id in world.random.sample(sorted(world.rows), min(moves, len(world.rows))):
            world.modify(order_id)

    world = OrdersInMemory(at(2 * MINUTE + 2000), order, seed, move)
    for number, (date, rows, spread) in enumerate(clusters):
        dates = [at(date + spread * row) for row in range(rows)]
        world.place([d for d in dates if d <= world.now], timedelta(milliseconds=late if number % 2 else 0))
    stored = dict[str, str]()

    cursor = poll(world, START, stored).cursor
    world.meanwhile = lambda world: None
    for _ in range(3):  # what moved or was not yet visible is for the polls after
        world.now += timedelta(minutes=4)
        cursor = poll(world, cursor, stored).cursor

    assert world.missing(stored) == []


@settings(max_examples=examples(60))
@given(clusters, st.sampled_from(ORDERS), st.integers(0, 2**32), st.integers(0, 6))
def test_a_read_that_stopped_anywhere_goes_on_from_its_remaining_edges(
    clusters: list[tuple[int, int, int]], order: str, seed: int, stop: int
) -> None:
    world = OrdersInMemory(at(2 * MINUTE + 20_000), order, seed)
    for date, rows, spread in clusters:
        world.place([at(date + spread * row) for row in range(rows)])
    stored, cursor = dict[str, str](), START
    pending_windows: tuple[datetime, ...] = ()

    for number, part in enumerate(changed_since(world.fetch, cursor, OVERLAP)):
        keep(stored, part.orders)
        cursor, pending_windows = part.cursor, part.pending_windows
        if number >= stop and not part.mid_window:
            break
    if pending_windows:
        poll(world, cursor, stored, pending_windows)

    assert world.missing(stored) == []


def rows_move(world: OrdersInMemory) -> None:
    """Between two requests, the oldest order is modified."""
    oldest = min(world.rows.values(), key=lambda row: (row.modified, row.id))
    world.modify(oldest.id)


def busy_minute() -> OrdersInMemory:
    world = OrdersInMemory(at(MINUTE), "oldest first", meanwhile=rows_move)
    world.place(at(100 * row) for row in range(450))
    return world


def test_an_offset_loop_loses_the_row_that_steps_over_the_page_boundary() -> None:
    world, stored = busy_minute(), dict[str, str]()

    cursor = offset_loop(world, START, stored)
    world.meanwhile = lambda world: None
    world.now += timedelta(minutes=6)
    offset_loop(world, cursor + OVERLAP, stored)  # as if without overlap: it hides the loss where the window is young

    assert len(world.missing(stored)) > 0


def test_cut_windows_lose_none_of_the_same_rows() -> None:
    world, stored = busy_minute(), dict[str, str]()

    cursor = poll(world, START, stored).cursor
    world.meanwhile = lambda world: None
    world.now += timedelta(minutes=6)
    poll(world, cursor + OVERLAP, stored)

    assert world.missing(stored) == []


SECOND = {
    "spread": [at(10_000 + row * 1000 // 1500) for row in range(1500)],
    "half on one date": [at(10_000 + row * 1000 // 750) for row in range(750)] + [at(10_500)] * 750,
    "all on one date": [at(10_500)] * 1500,
}


@pytest.mark.parametrize("shape", sorted(SECOND))
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.repeats) for seed in (2, 3, 4))])
def test_1500_orders_of_one_second_take_at_most_20_calls(shape: str, order: str, seed: int) -> None:
    world, stored = OrdersInMemory(at(30_000), order, seed), dict[str, str]()
    dates = list(SECOND[shape])
    world.random.shuffle(dates)
    world.place(dates)

    part = poll(world, START, stored)

    assert part.complete
    assert world.missing(stored) == []
    assert len(world.calls) <= 20


@pytest.mark.parametrize("order", ORDERS)
def test_a_month_of_orders_takes_at_most_three_times_the_fewest_calls(order: str) -> None:
    month = 30 * 24 * 60 * MINUTE
    world, stored = OrdersInMemory(at(month), order, 7), dict[str, str]()
    world.place(at(min(month - 2000, row * month // 12_000 + world.random.randrange(3 * 24 * 60 * MINUTE))) for row in range(12_000))

    poll(world, START, stored)

    assert world.missing(stored) == []
    assert len(world.calls) <= 3 * 12_000 / PAGE


def test_a_quiet_poll_is_one_open_call_and_the_cursor_is_a_second_behind_ebays_clock() -> None:
    world = OrdersInMemory(at(10_000))
    world.place([at(2000)])

    [part] = changed_since(world.fetch, START, OVERLAP)

    assert world.calls == [(Since(START - OVERLAP), 0)]
    assert (part.cursor, part.pending_windows, len(part.orders)) == (at(9000), (), 1)


def test_the_cursor_never_moves_back() -> None:
    world = OrdersInMemory(at(10_000))

    [part] = changed_since(world.fetch, at(9_900), OVERLAP)

    assert part.cursor == at(9_900)


def test_the_cursor_stays_behind_the_overlap_when_ebay_tells_no_date() -> None:
    world = OrdersInMemory(at(10 * MINUTE))

    def undated(span: Span, offset: int) -> OrderPage:
        page = world.fetch(span, offset)
        return type(page)(page.orders, page.total, page.next, page.date, dated=False)

    [part] = changed_since(undated, START, OVERLAP)

    assert part.cursor == at(5 * MINUTE)


def test_parts_come_oldest_first_and_share_their_edges() -> None:
    world = OrdersInMemory(at(3 * MINUTE))
    world.place(at(100 * row) for row in range(900))

    parts = list(changed_since(world.fetch, START, OVERLAP))
    spans = [span for span, _ in world.calls[1:] if isinstance(span, Window)]
    assert len(spans) == len(world.calls) - 1

    assert all(a.end == b.start for a, b in pairwise(spans))
    assert (spans[0].start, spans[-1].end) == (START - OVERLAP, parts[-1].cursor)


def test_at_most_fifty_edges_are_kept_and_the_last_is_always_the_end() -> None:
    world = OrdersInMemory(at(60 * MINUTE))
    world.place(at(100 * row) for row in range(12_000))

    parts = list(changed_since(world.fetch, START, OVERLAP))

    assert max(len(part.pending_windows) for part in parts) == 50
    assert {part.pending_windows[-1] for part in parts if part.pending_windows} == {parts[-1].cursor}


def test_pages_of_one_date_are_given_as_they_come_and_move_the_cursor_at_the_end() -> None:
    world = OrdersInMemory(at(30_000))
    world.place([at(10_500)] * 500)

    parts = [part for part in changed_since(world.fetch, START, OVERLAP) if part.orders]

    assert [(len(part.orders), part.mid_window) for part in parts] == [(200, True), (200, True), (100, False)]
    assert [part.cursor for part in parts] == [at(10_499), at(10_499), at(10_501)]
    assert parts[0].pending_windows[0] == at(10_499)


def test_one_date_is_read_again_when_a_row_moved_between_its_pages() -> None:
    world = OrdersInMemory(at(30_000), "oldest first")
    world.place([at(10_500)] * 500)
    world.meanwhile = lambda world: world.modify("order-00000") if world.calls[-1] == (Window(at(10_499), at(10_501)), 0) else None
    stored = dict[str, str]()

    part = poll(world, START, stored)

    assert part.complete
    assert [row for row in world.missing(stored) if row != "order-00000"] == []
