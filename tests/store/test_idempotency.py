"""Each run of a request ends its own row, and no other's."""

from __future__ import annotations

from sqlalchemy import text

from store import Store
from store.access.idempotency import BegunRequest, EarlierRequest


def begun(store: Store, repeatable: bool = True) -> BegunRequest:
    run = store.idempotency_keys.begin("tok", "k-1", b"request", repeatable)
    assert isinstance(run, BegunRequest)
    return run


def pass_time(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.idempotency_keys SET begun_at = begun_at - interval '3 minutes'"))


def seen(store: Store) -> EarlierRequest:
    earlier = store.idempotency_keys.begin("tok", "k-1", b"request")
    assert isinstance(earlier, EarlierRequest)
    return earlier


def test_a_run_that_was_overtaken_ends_and_frees_nothing(store: Store) -> None:
    slow = begun(store)
    pass_time(store)
    second = begun(store)

    store.idempotency_keys.end(slow, 200, "slow")
    assert seen(store) == EarlierRequest(same=True, unknown=False, status=None, answer=None)
    store.idempotency_keys.forget(slow)
    assert seen(store) == EarlierRequest(same=True, unknown=False, status=None, answer=None)
    store.idempotency_keys.end(second, 200, "second")
    assert seen(store) == EarlierRequest(same=True, unknown=False, status=200, answer="second")


def test_what_was_freed_is_begun_anew_by_anybody(store: Store) -> None:
    store.idempotency_keys.forget(begun(store, repeatable=False))

    assert isinstance(store.idempotency_keys.begin("tok", "k-1", b"another", False), BegunRequest)


def test_a_day_later_the_key_of_what_may_be_done_once_is_free_too(store: Store) -> None:
    store.idempotency_keys.end(begun(store, repeatable=False), 503, None)
    assert store.idempotency_keys.begin("tok", "k-1", b"request", False) == EarlierRequest(True, True, 503, None)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.idempotency_keys SET begun_at = begun_at - interval '25 hours'"))

    assert isinstance(store.idempotency_keys.begin("tok", "k-1", b"request", False), BegunRequest)
