from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from domain.pacing import Stream
from store import Store, UnknownSellerError
from tests.store.documents import ENROLLED, LATER, SELLER, enroll, someone_waits, statements
from tests.support.waiting import eventually_here


def test_a_step_begins_with_one_statement(store: Store) -> None:
    with statements(store) as sent:
        store.begin(SELLER, Stream.ORDERS)

    assert len(sent) == 1


def test_each_step_has_the_next_epoch(store: Store) -> None:
    epochs = [store.begin(SELLER, stream).epoch for stream in Stream]

    assert epochs == list(range(1, len(Stream) + 1))


def test_the_first_step_starts_where_the_enrolment_was(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)

    assert (step.cursor, step.checkpoint, step.enrolled_at, step.last_change_at) == (ENROLLED, None, ENROLLED, ENROLLED)
    assert (step.token_generation, step.dead, step.failures, step.sales_30d) == (1, False, 0, 0)
    assert step.quota_until is None


def test_a_backfill_starts_with_the_window_that_the_enrolment_left(store: Store) -> None:
    enroll(store, "seller-2", backfill=timedelta(days=7))

    step = store.begin("seller-2", Stream.BACKFILL)

    assert step.checkpoint == ["2026-02-22T12:00:00.000Z", "2026-03-01T12:00:00.000Z"]
    assert step.cursor == ENROLLED - timedelta(days=7)


def test_without_a_backfill_there_is_nothing_to_read_in_one(store: Store) -> None:
    assert store.begin(SELLER, Stream.BACKFILL).checkpoint is None


def test_a_seller_who_never_enrolled_is_unknown(store: Store) -> None:
    with pytest.raises(UnknownSellerError, match="seller nobody is not enrolled") as caught:
        store.begin("nobody", Stream.ORDERS)

    assert not caught.value.removed


def test_a_removed_seller_is_unknown_and_the_error_says_why(store: Store) -> None:
    store.sellers.remove(SELLER)

    with pytest.raises(UnknownSellerError, match="was removed") as caught:
        store.begin(SELLER, Stream.ORDERS)

    assert caught.value.removed


def test_a_step_that_waited_for_a_commit_sees_what_it_left(store: Store) -> None:
    """A commit of a step that outlived its time-out may be under way: read from a snapshot, its finished scan would begin again halfway."""
    first = store.begin(SELLER, Stream.INVENTORY)
    with ThreadPoolExecutor() as pool:
        with store.commit(first) as commit:
            second = pool.submit(store.begin, SELLER, Stream.INVENTORY)
            eventually_here(lambda: someone_waits(store))
            commit.advance(cursor=LATER, checkpoint={"page": 7})

    assert (second.result().cursor, second.result().checkpoint) == (LATER, {"page": 7})


def test_a_spent_quota_is_shown_to_steps_of_its_resource_alone(store: Store) -> None:
    reset = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=3)
    store.quotas.put("orders", limit=5000, remaining=0, reset_at=reset)

    waits = {stream: store.begin(SELLER, stream).quota_until for stream in Stream}

    others = (Stream.INVENTORY, Stream.OFFERS, Stream.LISTINGS, Stream.REPORT)
    assert waits == {**dict.fromkeys(Stream, reset), **dict.fromkeys(others)}


def test_a_quota_that_was_reset_is_spent_no_more(store: Store) -> None:
    store.quotas.put("orders", limit=5000, remaining=0, reset_at=datetime.now(UTC) - timedelta(seconds=1))

    assert store.begin(SELLER, Stream.ORDERS).quota_until is None


def test_a_step_shows_no_token(store: Store) -> None:
    assert "refresh-1" not in repr(store.begin(SELLER, Stream.ORDERS))
