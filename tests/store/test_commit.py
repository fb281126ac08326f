from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from domain.pacing import Stream
from store import Store, SupersededError
from tests.store.documents import ENROLLED, LATER, SELLER, item, order, reported, sale, statements, store_inventory, store_orders


def test_a_quiet_poll_takes_three_statements(store: Store) -> None:
    with statements(store) as sent:
        with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
            commit.advance(cursor=LATER)
            commit.count(calls=1)
            commit.complete(next_poll_at=LATER, why="every 5 min")

    assert len(sent) == 3  # begin, fence, close


def test_a_page_of_orders_takes_the_same_few_statements_as_one_order(store: Store) -> None:
    with statements(store) as one:
        store_orders(store, order("a"))
    with statements(store) as page:
        store_orders(store, *(order(f"o-{number}") for number in range(200)))

    assert len(page) == len(one) == 7  # begin, fence, whose buyers left eBay, stored, rows, close, events


def test_a_page_of_sales_takes_the_same_few_statements_as_one_sale(store: Store) -> None:
    store_inventory(store, item("A"))
    # of stock that is known, and of a listing that is not
    lines: list[dict[str, Any]] = [{"legacyItemId": "1"}, {"sku": None, "legacyItemId": "1"}]
    with statements(store) as one:
        store_orders(store, order("a", **sale("a", **lines[0])), order("b", **sale("b", **lines[1])))
    with statements(store) as page:
        store_orders(store, *(order(f"o-{number}", **sale(f"{number}", **lines[number % 2])) for number in range(200)))

    assert len(page) == len(one) == 11  # those of orders, which stock is there, the sales, the listings' stream, what is to be read
    assert [type_ for type_, _, _ in reported(store)].count("inventory.sold") == 202


def test_orders_that_change_without_a_sale_or_a_restocking_take_no_statement_more(store: Store) -> None:
    store_inventory(store, item("A"))
    store_orders(store, order(**sale()))

    with statements(store) as sent:
        store_orders(store, order(modified=LATER + timedelta(hours=1), orderPaymentStatus="PAID", **sale()))

    assert len(sent) == 7


def test_a_superseded_step_commits_nothing(store: Store) -> None:
    older = store.begin(SELLER, Stream.ORDERS)
    store.begin(SELLER, Stream.INVENTORY)

    with pytest.raises(SupersededError), store.commit(older) as commit:
        commit.store_orders([order()], LATER)

    assert reported(store) == []


def test_a_step_of_a_removed_seller_commits_nothing(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    store.sellers.remove(SELLER)

    with pytest.raises(SupersededError), store.commit(step) as commit:
        commit.store_orders([order()], LATER)

    assert reported(store) == [("seller.removed", SELLER, 1)]


def test_an_error_inside_keeps_nothing(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)

    with suppress(ZeroDivisionError), store.commit(step) as commit:
        commit.store_orders([order()], LATER)
        commit.advance(cursor=LATER)
        raise ZeroDivisionError

    assert reported(store) == []
    assert list(store.snapshot(SELLER, "orders")) == []
    assert store.begin(SELLER, Stream.ORDERS).cursor == ENROLLED


def test_one_step_may_commit_again_and_again(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    for number in range(3):
        with store.commit(step) as commit:
            commit.store_orders([order(f"o-{number}")], LATER)
            commit.count(calls=2)

    status = store.seller(SELLER)
    assert (status["changes_24h"], status["api_calls_24h"], status["streams"]["orders"]["last_changes"]) == (3, 6, 3)


def test_the_cursor_never_moves_back(store: Store) -> None:
    for moment in (LATER, ENROLLED, LATER - timedelta(milliseconds=1)):
        with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
            commit.advance(cursor=moment)

    assert store.begin(SELLER, Stream.ORDERS).cursor == LATER


def test_a_read_in_progress_stays_until_a_commit_says_otherwise(store: Store) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.advance(checkpoint=["2026-03-01T12:00:00.000Z"])
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.count(calls=1)
    between = store.begin(SELLER, Stream.ORDERS).checkpoint

    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.advance(cursor=LATER)

    assert between == ["2026-03-01T12:00:00.000Z"]
    assert store.begin(SELLER, Stream.ORDERS).checkpoint is None


def test_changes_set_the_pace_and_duplicates_do_not(store: Store) -> None:
    noon, one = LATER, LATER + timedelta(hours=1)
    with store.commit(store.begin(SELLER, Stream.ORDERS), now=noon) as commit:
        commit.store_orders([order()], LATER)
    with store.commit(store.begin(SELLER, Stream.ORDERS), now=one) as commit:
        commit.store_orders([order()], LATER)

    assert store.begin(SELLER, Stream.ORDERS).last_change_at == noon


def test_sales_of_the_last_30_days_are_counted_up_to_101(store: Store) -> None:
    old = [order(f"old-{number}", created=ENROLLED - timedelta(days=31)) for number in range(5)]
    new = [order(f"new-{number}", created=ENROLLED) for number in range(110)]
    with store.commit(store.begin(SELLER, Stream.ORDERS), now=ENROLLED) as commit:
        commit.store_orders(old + new[:7], ENROLLED)
    few = store.begin(SELLER, Stream.ORDERS).sales_30d

    with store.commit(store.begin(SELLER, Stream.ORDERS), now=ENROLLED) as commit:
        commit.store_orders(new, ENROLLED)

    assert (few, store.begin(SELLER, Stream.ORDERS).sales_30d) == (7, 101)


def test_sales_are_counted_anew_after_a_quiet_hour(store: Store) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS), now=ENROLLED) as commit:
        commit.store_orders([order(created=ENROLLED)], ENROLLED)

    with store.commit(store.begin(SELLER, Stream.ORDERS), now=ENROLLED + timedelta(days=40)) as commit:
        commit.count(calls=1)

    assert store.begin(SELLER, Stream.ORDERS).sales_30d == 0


def test_failures_are_counted_until_a_poll_goes_well(store: Store) -> None:
    counted = [store.failed(store.begin(SELLER, Stream.ORDERS), "EbayUnavailableError: 503", calls=1) for _ in range(2)]
    before = store.seller(SELLER)["streams"]["orders"]

    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.complete(next_poll_at=LATER, why="every 5 min")

    after = store.seller(SELLER)["streams"]["orders"]
    assert counted == [1, 2]
    assert (before["failures"], before["last_error"]) == (2, "EbayUnavailableError: 503")
    assert (after["failures"], after["last_error"], after["why"]) == (0, None, "every 5 min")
    assert store.seller(SELLER)["api_calls_24h"] == 2


def test_the_failure_of_a_superseded_step_is_not_told(store: Store) -> None:
    older = store.begin(SELLER, Stream.ORDERS)
    store.begin(SELLER, Stream.ORDERS)

    assert store.failed(older, "EbayUnavailableError: 503") == 0
    assert store.seller(SELLER)["streams"]["orders"]["failures"] == 0


def test_more_than_three_failures_in_a_row_open_an_alert_that_the_next_good_poll_closes(store: Store) -> None:
    opened = []
    for _ in range(5):
        store.failed(store.begin(SELLER, Stream.ORDERS), "EbayUnavailableError: 503")
        opened.append(len(store.alerts()))

    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.complete(next_poll_at=LATER, why="every 5 min")

    assert opened == [0, 0, 0, 1, 1]
    assert store.alerts() == []
    assert [type_ for type_, _, _ in reported(store)] == ["alert.opened", "alert.closed"]
