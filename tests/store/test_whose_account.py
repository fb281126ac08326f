"""Whose account: the comparison is right for whatever eBay tells, and what is kept says nobody's name."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from domain.accounts import Account, AccountClaim, AccountVerdict, compare, seller_names
from store import Store
from store.schema import migrate
from store.steps.accounts import AccountTakenError, AccountUnsureError, Binding
from tests.store.documents import enroll, order, store_orders
from tests.support.revisions import at_revision


def name_of(name: str) -> bytes:
    return sha256(f"name {name.lower()}".encode()).digest()


def eias_of(token: str) -> bytes:
    return sha256(f"eias {token}".encode()).digest()


some = st.none() | st.sampled_from(["a", "b", "c"])
reports = st.builds(AccountClaim, user_id=some, name=some, eias=some)


def result(claim: AccountClaim) -> Account:
    return Account(claim.user_id, name_of(claim.name) if claim.name else None, eias_of(claim.eias) if claim.eias else None)


def verdict(known: AccountClaim, claim: AccountClaim) -> AccountVerdict:
    return compare(result(known), claim, name_of, eias_of)


@given(reports, some)
def test_a_changed_name_is_no_other_account(known: AccountClaim, name: str | None) -> None:
    claim = AccountClaim(known.user_id, name, known.eias)

    assert verdict(known, claim) is not AccountVerdict.OTHER
    if known.user_id or known.eias:
        assert verdict(known, claim) is AccountVerdict.SAME


@given(reports, reports)
def test_only_words_that_never_change_make_it_another_account(known: AccountClaim, claim: AccountClaim) -> None:
    user_ids = known.user_id and claim.user_id and known.user_id != claim.user_id
    eias = known.eias and claim.eias and known.eias != claim.eias

    if verdict(known, claim) is AccountVerdict.OTHER:
        assert user_ids or eias
    if user_ids:
        assert verdict(known, claim) is AccountVerdict.OTHER


@given(reports, reports)
def test_each_kind_is_compared_with_its_own_alone(known: AccountClaim, claim: AccountClaim) -> None:
    shared = bool((known.user_id and claim.user_id) or (known.eias and claim.eias) or (known.name and claim.name))

    assert (verdict(known, claim) is AccountVerdict.UNKNOWN) is not shared


@given(reports)
def test_what_was_told_before_is_the_same_in_capitals(claim: AccountClaim) -> None:
    loud = AccountClaim(claim.user_id, claim.name.upper() if claim.name else None, claim.eias)

    assert verdict(claim, loud) is (AccountVerdict.SAME if claim != AccountClaim() else AccountVerdict.UNKNOWN)


@given(st.lists(st.none() | st.integers() | st.fixed_dictionaries({}, optional={"sellerId": some | st.integers(), "creationDate": some})))
def test_the_newest_orders_seller_is_the_last(documents: list[object]) -> None:
    named = [one for one in documents if isinstance(one, dict) and isinstance(one.get("sellerId"), str)]
    names = seller_names(documents)

    assert sorted(names) == sorted({one["sellerId"] for one in named})
    if named:
        newest = max(str(one.get("creationDate")) for one in named)
        assert names[-1] in {one["sellerId"] for one in named if str(one.get("creationDate")) == newest}


def rows(store: Store) -> dict[str, tuple[object, ...]]:
    with store.engine.connect() as connection:
        found = connection.execute(text("SELECT seller_id, user_id, name, eias, generation, before FROM sellerbeat.accounts"))
        return {row.seller_id: tuple(row)[1:] for row in found}


def test_no_user_name_is_stored_in_clear(store: Store) -> None:
    enroll(store, "s-1")

    store.accounts.bind("s-1", AccountClaim("u-1", "canary-name", "canary-eias"))

    assert "canary" not in repr(rows(store))
    assert "canary" not in repr(AccountClaim("canary", "canary", "canary"))
    assert None not in rows(store)["s-1"]


def test_a_twin_is_found_by_any_kind_of_word_and_only_while_enrolled(store: Store) -> None:
    enroll(store, "s-1")
    store.accounts.bind("s-1", AccountClaim("u-1", "one", "e-1"))
    enroll(store, "s-2")

    for claim in (AccountClaim("u-1"), AccountClaim(name="ONE"), AccountClaim(eias="e-1"), AccountClaim("u-1", "renamed")):
        bound = store.accounts.bind("s-2", claim)
        assert (bound.binding, bound.other) == (Binding.ANOTHER_SELLER, "s-1"), claim
    assert store.accounts.bind("s-2", AccountClaim(name="u-1")).binding is Binding.BOUND  # a name that looks like an id is a name
    store.sellers.erase("s-2")
    enroll(store, "s-2")
    assert store.accounts.bind("s-2", AccountClaim("u-2", "one")).binding is Binding.BOUND  # whose name it was has another by now
    assert "s-2" in rows(store)
    store.sellers.remove("s-1")
    enroll(store, "s-3")
    assert store.accounts.bind("s-3", AccountClaim(name="one", eias="e-1")).binding is Binding.ANOTHER_SELLER  # s-2 has that name now
    assert store.accounts.bind("s-3", AccountClaim("u-1", "renamed")).binding is Binding.BOUND
    assert "s-1" not in rows(store)


def test_the_migration_takes_sellers_of_before_for_who_they_are(empty_database: str) -> None:
    with at_revision(empty_database, "0012"):
        pass
    store = Store.connect(empty_database, ["1wQ5hTk3d5Xo7Zr0c0u2y2bq9mF1d3e5f7h9j1l3n5o="])
    with store.engine.begin() as connection:
        for seller, generation in (("linked", 3), ("filed", 2)):
            connection.execute(
                text(
                    "INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at) VALUES (:s, gen_random_uuid(), clock_timestamp())"
                ),
                {"s": seller},
            )
            connection.execute(
                text("INSERT INTO sellerbeat.tokens (seller_id, generation) VALUES (:s, :g)"), {"s": seller, "g": generation}
            )
        connection.execute(
            text("INSERT INTO sellerbeat.accounts (seller_id, user_id, known_at) VALUES ('linked', 'u-1', clock_timestamp())")
        )
    store.close()  # nobody may be connected meanwhile

    migrate.upgrade(empty_database)

    assert rows(store) == {"linked": ("u-1", None, None, 3, True), "filed": (None, None, None, 2, True)}
    assert store.accounts.all() == {"linked": "u-1"}
    store.close()


def stored(store: Store, seller_id: str = "seller-1") -> set[str]:
    return {row["entity_id"] for row in store.snapshot(seller_id, "orders")}


def test_orders_of_another_name_than_the_stored_ones_are_not_kept_before_it_is_known_whose_they_are(store: Store) -> None:
    store_orders(store, order("o-1", sellerId="bert"))
    with store.engine.begin() as connection:  # as the migration finds who was enrolled before
        connection.execute(text("UPDATE sellerbeat.accounts SET name = NULL, generation = 1, before = true"))
    enroll(store, "seller-1")  # a new token

    with pytest.raises(AccountUnsureError):
        store_orders(store, order("o-2", sellerId="carla"), order("o-3", sellerId="carla"))
    refused = stored(store)
    store_orders(store, order("o-2", sellerId="BERT"))

    assert refused == {"o-1"}
    assert stored(store) == {"o-1", "o-2"}
    assert rows(store)["seller-1"][3:] == (2, False)


def test_orders_of_another_sellers_account_are_not_kept(store: Store) -> None:
    for seller in ("s-1", "s-2"):
        enroll(store, seller)
    store_orders(store, order("o-1", sellerId="anna"), seller_id="s-1")

    with pytest.raises(AccountTakenError) as caught:
        store_orders(store, order("o-1", sellerId="anna"), seller_id="s-2")

    assert caught.value.other == "s-1"
    assert "anna" not in str(caught.value)
    assert stored(store, "s-2") == set()
    assert [event["type"] for event in store.feed.read(seller="s-2")] == []


@pytest.mark.parametrize("word", ["", " ", "x" * 201, "a\nb", None, 7, []])
def test_what_is_no_name_says_nothing(word: object) -> None:
    assert seller_names([{"sellerId": word}]) == []
