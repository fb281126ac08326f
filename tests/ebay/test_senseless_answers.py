"""Answers that contradict themselves: a read ends all the same, says so, and gives what it got."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ebay.clock import stamp
from ebay.cutting import PAGE, Span
from ebay.pages import OrderPage
from ebay.windows import WindowResult, changed_since
from tests.ebay.orders_in_memory import OVERLAP, START, at
from tests.support.examples import examples

NOW = at(60_000)
MOST = 100  # calls


class Liar:
    """Gives the same rows whatever it is asked, page by page, and any total and `next`."""

    def __init__(self, rows: list[Any], total: int, always_next: bool = False, never_next: bool = False, pages_alike: bool = False) -> None:
        self.rows, self.total, self.always, self.never, self.alike = rows, total, always_next, never_next, pages_alike
        self.calls = 0

    def fetch(self, span: Span, offset: int) -> OrderPage:
        self.calls += 1
        assert self.calls <= MOST, "it does not end"
        rows = self.rows[:PAGE] if self.alike else self.rows[offset : offset + PAGE]
        following = self.always or (offset + PAGE < len(self.rows) and not self.never)
        return OrderPage(rows, self.total, "next" if following else None, NOW)


def order(number: int, ms: int = 0) -> dict[str, Any]:
    return {"orderId": f"order-{number}", "lastModifiedDate": stamp(at(ms))}


def read(liar: Liar) -> tuple[WindowResult, set[str]]:
    parts = list(changed_since(liar.fetch, START, OVERLAP))
    return parts[-1], {row["orderId"] for part in parts for row in part.orders if isinstance(row, dict) and "orderId" in row}


@pytest.mark.parametrize("total", [0, 2, 4, 199, 201, 5000, 10**12])
@pytest.mark.parametrize("always_next", [False, True])
def test_a_wrong_total_costs_a_few_calls_and_an_alert_but_never_the_orders(total: int, always_next: bool) -> None:
    liar = Liar([order(n, n) for n in range(3)], total, always_next)

    last, ids = read(liar)

    assert ids == {"order-0", "order-1", "order-2"}
    assert (last.complete, last.cursor, last.pending_windows) == (False, NOW - timedelta(seconds=1), ())
    assert liar.calls <= 10


def test_a_next_after_the_last_row_is_no_complete_answer() -> None:
    last, ids = read(Liar([order(n, n) for n in range(3)], 3, always_next=True))

    assert (len(ids), last.complete) == (3, False)


def test_empty_pages_with_a_total_end() -> None:
    last, ids = read(Liar([], 700, always_next=True))

    assert (ids, last.complete, last.pending_windows) == (set(), False, ())


def test_the_same_page_over_and_over_ends() -> None:
    last, ids = read(Liar([order(n, n) for n in range(200)], 5000, always_next=True, pages_alike=True))

    assert (len(ids), last.complete) == (200, False)


@pytest.mark.parametrize("ms", [-(10**9), 10**9])
def test_rows_outside_the_window_are_read_by_offsets(ms: int) -> None:
    liar = Liar([order(n, ms + n) for n in range(900)], 900)

    last, ids = read(liar)

    assert (len(ids), last.complete) == (900, True)
    assert liar.calls <= 10


def test_rows_without_a_date_are_read_by_offsets() -> None:
    last, ids = read(Liar([{"orderId": f"order-{n}"} for n in range(900)], 900))

    assert (len(ids), last.complete) == (900, True)


def test_a_missing_next_hides_no_page() -> None:
    last, ids = read(Liar([{"orderId": f"order-{n}"} for n in range(900)], 900, never_next=True))

    assert (len(ids), last.complete) == (900, True)


def test_elements_that_are_no_orders_are_passed_on_and_counted() -> None:
    rows: list[Any] = [order(1), None, 7, "text", [], {"orderId": None}, {"orderId": ""}, {}]
    liar = Liar(rows, len(rows))

    [part] = changed_since(liar.fetch, START, OVERLAP)

    assert (part.orders, part.complete, liar.calls) == (rows, True, 1)


def test_a_reading_that_disagrees_is_repeated_and_the_newest_of_each_order_is_given() -> None:
    pages = iter(
        [
            OrderPage([order(1, 5), order(2, 5)], 3, None, NOW),
            OrderPage([order(1, 3), order(2, 9), order(3, 1)], 3, None, NOW),
        ]
    )

    [part] = changed_since(lambda span, offset: next(pages), START, OVERLAP)

    assert part.complete
    assert part.orders == [order(1, 5), order(2, 9), order(3, 1)]


@settings(max_examples=examples(150))
@given(st.data(), st.integers(0, 2**32))
def test_any_answers_at_all_end(data: st.DataObject, seed: int) -> None:
    from random import Random

    random = Random(seed)
    rows = [order(n, random.choice([n, 7, -400_000, 400_000])) for n in range(data.draw(st.sampled_from([0, 3, 200, 450])))]
    calls = 0

    def fetch(span: Span, offset: int) -> OrderPage:
        nonlocal calls
        calls += 1
        page = random.sample(rows, min(len(rows), random.choice([0, 1, 199, 200])))
        return OrderPage(page, random.choice([0, 1, 200, 450, 10**6]), random.choice([None, "next"]), NOW)

    parts = list(changed_since(fetch, START, OVERLAP))

    assert parts[-1].pending_windows == ()
    assert parts[-1].cursor >= NOW - timedelta(seconds=1)
    assert calls < 5000
