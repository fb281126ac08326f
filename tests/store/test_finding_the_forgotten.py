"""How buyers who are to be forgotten are found: hashes and their key, indexes, and who waits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cryptography.fernet import Fernet
from sqlalchemy import text

from store import Store
from store.schema import indexes
from tests.store.conftest import KEY
from tests.store.documents import SELLER, order, store_orders
from tests.store.forgetting import NAME, NEVER


def test_hashes_outlive_a_change_of_keys(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    first, new = Store.connect(url, [KEY]), Fernet.generate_key().decode()
    before, both = first.hashes.of("p", "x"), Store.connect(url, [new, KEY])

    rotated = both.hashes.rotate(), both.hashes.rotate()

    alone = Store.connect(url, [new])
    assert rotated == (True, False)
    assert alone.hashes.of("p", "x") == before != alone.hashes.of("q", "x")
    for one in (first, both, alone):
        one.close()


def test_many_who_need_the_key_at_once_make_one(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    stores = [Store.connect(url, [KEY], pool_size=1) for _ in range(4)]

    with ThreadPoolExecutor(8) as pool:
        hashes = set(pool.map(lambda number: stores[number % 4].hashes.of("p", "x"), range(16)))

    assert len(hashes) == 1
    for one in stores:
        one.close()


def test_a_buyer_is_found_by_an_index_and_events_by_theirs(store: Store) -> None:
    store_orders(store, *(order(f"o-{number}", buyer={"username": f"user-{number}"}) for number in range(300)))
    with store.engine.begin() as connection:
        connection.execute(text("ANALYZE sellerbeat.orders"))
        plan = connection.execute(
            text("EXPLAIN SELECT entity_id FROM sellerbeat.orders WHERE md5(lower(data -> 'buyer' ->> 'username')) = md5(lower('user-7'))")
        )
        assert "orders_by_buyer" in " ".join(plan.scalars())


def test_an_index_that_was_broken_off_is_made_anew(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'sellerbeat.orders_by_buyer'::regclass"))
        connection.execute(text("DROP INDEX sellerbeat.change_events_by_entity"))

    made = indexes.make(store.engine)

    assert made == ["orders_by_buyer", "change_events_by_entity"]
    assert indexes.make(store.engine) == []


def test_a_name_too_long_for_an_index_is_kept_like_any_other(store: Store) -> None:
    assert store_orders(store, order(buyer={"username": "x" * 100_000})).set_aside == 0


def test_a_hundred_deletions_find_their_own_orders_and_no_others(store: Store) -> None:
    store_orders(store, *(order(f"o-{number}", buyer={"username": f"user-{number}"}) for number in range(500)))

    for number in range(0, 1500, 15):
        store.deletions.take(f"user-{number}", f"u-{number}", f"n-{number}")
    counted = 0
    for deletion in store.deletions.due(limit=1500):
        rows = store.erasing.buyer(deletion.username, deletion.id)
        store.deletions.looked(deletion, rows)
        counted += rows["orders"]

    assert counted == 34


def test_the_oldest_who_waits_to_be_forgotten_is_known_also_before_a_worker_took_them_on(store: Store) -> None:
    nobody = store.deletions.oldest()
    store.notifications.save("n-1", "MARKETPLACE_ACCOUNT_DELETION", person={"username": NAME, "user_id": "u-1"}, mapped=False)
    store.notifications.save("n-2", "ORDER_CONFIRMATION", seller_id=SELLER, orders=("o-1",))
    backdate(store, "notifications SET received_at", hours=2)
    reported = store.deletions.oldest()
    store.notifications.end(["n-1"])
    store.deletions.take(NAME, "u-1", "n-1")
    backdate(store, "deletions SET asked_at", hours=1)
    taken = store.deletions.oldest()
    for _ in range(2):
        (deletion,) = store.deletions.due()
        store.deletions.looked(deletion, {}, again=NEVER)

    assert (nobody, round(reported, -2), round(taken, -2), store.deletions.oldest()) == (0, 7200, 3600, 0)


def backdate(store: Store, column: str, hours: int) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE sellerbeat.{column} = now() - interval '{hours} hours'")
