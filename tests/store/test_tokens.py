from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from domain.pacing import Stream
from store import SecretError, Store, UnknownSellerError, Vault
from tests.store.conftest import KEY
from tests.store.documents import LATER, SELLER, enroll, reported, someone_waits
from tests.support.present import present
from tests.support.waiting import eventually_here

EXPIRES = datetime(2026, 3, 1, 15, tzinfo=UTC)


def test_a_renewed_token_is_there_for_the_next_caller(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        first = (row.refresh_token, row.access_token, row.generation, row.scopes)
        row.renew("access-1", EXPIRES)
    with store.tokens.locked(SELLER) as row:
        second = (row.refresh_token, row.access_token, row.expires_at)

    assert first == ("refresh-1", None, 1, ("orders",))
    assert second == ("refresh-1", "access-1", EXPIRES)


def test_a_refresh_token_that_ebay_rotates_is_kept(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        row.renew("access-1", EXPIRES, "refresh-2")

    with store.tokens.locked(SELLER) as row:
        assert (row.refresh_token, row.generation) == ("refresh-2", 1)


def test_who_comes_while_another_renews_waits_and_gets_the_new_token(store: Store) -> None:
    def second() -> str | None:
        with store.tokens.locked(SELLER) as row:
            return row.access_token

    with ThreadPoolExecutor() as pool:
        with store.tokens.locked(SELLER) as row:
            waiting = pool.submit(second)
            eventually_here(lambda: waiting.done() or someone_waits(store))
            row.renew("access-1", EXPIRES)

    assert waiting.result() == "access-1"


def test_an_error_under_the_lock_keeps_nothing(store: Store) -> None:
    with suppress(ZeroDivisionError), store.tokens.locked(SELLER) as row:
        row.renew("access-1", EXPIRES)
        raise ZeroDivisionError

    with store.tokens.locked(SELLER) as row:
        assert row.access_token is None


def test_the_tokens_lock_does_not_hinder_the_sellers_commits(store: Store) -> None:
    with store.tokens.locked(SELLER), store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.count(calls=1)

    assert store.seller(SELLER)["api_calls_24h"] == 1


def test_a_dead_token_lives_again_with_a_new_consent(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        row.kill("invalid_grant")
    dead = store.begin(SELLER, Stream.ORDERS)

    generation = store.tokens.replace(SELLER, "refresh-2", ["orders"])

    alive = store.begin(SELLER, Stream.ORDERS)
    assert (dead.dead, alive.dead, alive.token_generation, generation) == (True, False, 2, 2)


def test_a_dead_token_is_told_once_and_so_is_the_new_consent(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        row.kill("invalid_grant")
    for _ in range(2):
        store.report_dead_token(store.begin(SELLER, Stream.ORDERS))
    store.tokens.replace(SELLER, "refresh-2", ["orders"])

    for _ in range(2):
        with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
            commit.complete(next_poll_at=LATER, why="every 5 min")

    assert reported(store) == [
        ("seller.needs_reauthorization", SELLER, 1),
        ("alert.opened", "alert:needs_reauthorization", 1),
        ("seller.reauthorized", SELLER, 2),
        ("alert.closed", "alert:needs_reauthorization", 1),
    ]


def test_a_token_that_was_replaced_meanwhile_is_not_told_dead(store: Store) -> None:
    step = store.begin(SELLER, Stream.ORDERS)
    with store.tokens.locked(SELLER) as row:
        row.kill("invalid_grant")
    store.tokens.replace(SELLER, "refresh-2", ["orders"])

    assert not store.report_dead_token(step)
    assert reported(store) == []


def test_nothing_shows_a_token(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        row.renew("access-1", EXPIRES)
        shown = f"{row!r} {row} {Vault([KEY])!r}"

    assert not any(secret in shown for secret in ("access-1", "refresh-1", KEY))


def test_tokens_are_encrypted_where_they_lie(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        row.renew("access-1", EXPIRES)

    with store.engine.begin() as connection:
        stored = [bytes(value) for value in connection.exec_driver_sql("SELECT refresh_token, access_token FROM sellerbeat.tokens").one()]
    assert all(value.startswith(b"gAAAA") for value in stored)


def test_a_new_key_in_front_reads_what_the_old_one_wrote(store: Store) -> None:
    new = Fernet.generate_key().decode()
    rotated, replaced = Store(store.engine, Vault([new, KEY])), Store(store.engine, Vault([new]))

    with rotated.tokens.locked(SELLER) as row:
        assert row.refresh_token == "refresh-1"
    with pytest.raises(SecretError, match="SELLERBEAT_SECRET_KEYS"), replaced.tokens.locked(SELLER):
        pass


@pytest.mark.parametrize("keys", [[], ["short"], [KEY, ""]])
def test_keys_that_are_none_are_refused(keys: list[str]) -> None:
    with pytest.raises(SecretError, match="SELLERBEAT_SECRET_KEYS"):
        Vault(keys)


def test_a_seller_without_a_token_is_unknown(store: Store) -> None:
    store.sellers.remove(SELLER)
    for seller_id in ("nobody", SELLER):
        with pytest.raises(UnknownSellerError), store.tokens.locked(seller_id):
            pass
    assert store.tokens.scopes(SELLER) == ("orders",)


def test_who_waits_for_a_token_waits_longer_than_a_request_to_ebay_takes(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        waits = [row._connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in ("lock_timeout", "statement_timeout")]

    assert waits == ["65s", "70s"]
    assert row.now - datetime.now(UTC) < timedelta(minutes=1)


def test_a_new_consent_waits_for_whoever_is_at_ebay_with_the_old_one(store: Store) -> None:
    with ThreadPoolExecutor() as pool:
        with store.tokens.locked(SELLER) as row:
            connecting = pool.submit(store.sellers.connect, SELLER, "refresh-2", scopes=["orders"])
            eventually_here(lambda: connecting.done() or someone_waits(store))
            row.kill("invalid_grant")

    assert connecting.result() == 2
    with store.tokens.locked(SELLER) as row:
        assert (row.refresh_token, row.dead) == ("refresh-2", False)


# how long a consent lasts


def ends(store: Store) -> datetime:
    with store.tokens.locked(SELLER) as row:
        assert row.refresh_expires_at
        return row.refresh_expires_at


def test_a_consent_lasts_18_months_where_nobody_said_otherwise(store: Store) -> None:
    with store.tokens.locked(SELLER) as row:
        left = present(row.refresh_expires_at) - row.now

    assert timedelta(seconds=47_304_000) - timedelta(minutes=1) < left <= timedelta(seconds=47_304_000)


def test_the_same_token_given_again_ends_no_later_and_another_one_does(store: Store) -> None:
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=90)
    store.sellers.connect(SELLER, "refresh-1", scopes=[], refresh_expires_at=soon)

    store.sellers.connect(SELLER, "refresh-1", scopes=[])
    same = ends(store)
    store.sellers.connect(SELLER, "refresh-2", scopes=[])

    assert same == soon
    assert ends(store) > soon + timedelta(days=400)


def test_an_end_that_is_near_is_told_at_once_and_again_only_when_it_moves(store: Store) -> None:
    now = datetime.now(UTC)
    for days in (20, 20, 25, 300):
        store.sellers.connect(SELLER, "refresh-1", scopes=[], refresh_expires_at=now + timedelta(days=days))

    assert reported(store) == [
        ("alert.opened", "alert:token_ends", 1),
        ("alert.closed", "alert:token_ends", 1),
        ("alert.opened", "alert:token_ends", 2),
        ("alert.closed", "alert:token_ends", 2),
    ]


def test_nothing_is_told_of_the_end_of_a_removed_sellers_consent(store: Store) -> None:
    store.sellers.connect(SELLER, "refresh-1", scopes=[], refresh_expires_at=datetime.now(UTC) + timedelta(days=5))
    store.sellers.remove(SELLER)

    store.sellers.sync_token_end_alert(SELLER)

    assert store.alerts() == []
    assert store.seller(SELLER)["token_ends_at"] is None


# keys


NEW = Fernet.generate_key().decode()


def with_keys(store: Store, *keys: str) -> Store:
    return Store(store.engine, Vault(keys))


def test_after_a_rotation_the_old_key_is_needed_no_more(store: Store) -> None:
    for number in range(3):
        enroll(store, f"other-{number}")
    with store.tokens.locked(SELLER) as row:
        row.renew("access-1", EXPIRES)
    rotating = with_keys(store, NEW, KEY)

    first, again = rotating.tokens.rotate(), rotating.tokens.rotate()

    assert (first.sellers, again.sellers, first.unreadable) == (4, 0, ())
    with with_keys(store, NEW).tokens.locked(SELLER) as row:
        assert (row.refresh_token, row.access_token, row.expires_at, row.generation) == ("refresh-1", "access-1", EXPIRES, 1)
    with with_keys(store, NEW).tokens.locked("other-2") as row:
        assert row.refresh_token == "refresh-1"
    with pytest.raises(SecretError), store.tokens.locked(SELLER):
        pass


def test_a_rotation_beside_a_worker_that_renews_loses_neither(store: Store) -> None:
    worker, rotating = with_keys(store, KEY, NEW), with_keys(store, NEW, KEY)

    with ThreadPoolExecutor() as pool:
        with worker.tokens.locked(SELLER) as row:
            rotation = pool.submit(rotating.tokens.rotate)
            eventually_here(lambda: rotation.done() or someone_waits(store))
            row.renew("access-2", EXPIRES, "refresh-2")

    assert rotation.result().sellers == 1
    with with_keys(store, NEW).tokens.locked(SELLER) as row:
        assert (row.refresh_token, row.access_token) == ("refresh-2", "access-2")


def test_a_rotation_passes_over_what_no_key_opens_and_over_sellers_without_a_token(store: Store) -> None:
    enroll(with_keys(store, Fernet.generate_key().decode()), "lost")
    enroll(store, "removed")
    store.sellers.remove("removed")

    rotation = with_keys(store, NEW, KEY).tokens.rotate()

    assert (rotation.sellers, rotation.unreadable) == (1, ("lost",))
    store.sellers.connect("lost", "refresh-9", scopes=[])  # the remedy does not need the lost key
    with store.tokens.locked("lost") as row:
        assert row.refresh_token == "refresh-9"


def test_a_rotation_reaches_everybody_page_by_page(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            """
                INSERT INTO sellerbeat.tokens (seller_id, refresh_token) SELECT 'many-' || n, t.refresh_token
                    FROM sellerbeat.tokens t, generate_series(1, 1100) n
            """
        )

    assert with_keys(store, NEW, KEY).tokens.rotate().sellers == 1101
    assert with_keys(store, NEW, KEY).tokens.rotate().sellers == 0
