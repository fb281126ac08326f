"""Who is connected and who is removed is told: once for each act, whatever is repeated, and nobody's end before it could be read."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from store import Store, UnknownSellerError
from store.schema.kinds import AlertKind
from tests.store.documents import ENROLLED, enroll, order, store_orders

NEXT_YEAR = ENROLLED + timedelta(days=365)
SECRETS = {"access_token": "v^1#access", "access_expires_at": NEXT_YEAR}
Heard = list[tuple[str, str | None, int | None, str, int]]


class CrashError(Exception):
    pass


@contextmanager
def crashing(store: Store, within: str) -> Iterator[None]:
    """Breaks off whatever asks this of Postgres, once."""
    crashed: list[str] = []

    def crash(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if within in statement and not crashed:
            crashed.append(statement)
            raise CrashError

    event.listen(store.engine, "before_cursor_execute", crash)
    try:
        with suppress(CrashError):
            yield
    finally:
        event.remove(store.engine, "before_cursor_execute", crash)
    assert crashed


def begin(store: Store, seller_id: str = "s-2", **options: Any) -> bool:
    given: Any = {**SECRETS, "options": options}
    return store.sellers.enroll(seller_id, "v^1#refresh", scopes=["https://scope"], now_ebay=ENROLLED, **given).new


def heard(store: Store, kind: str = "seller.") -> Heard:
    found = [one for one in store.feed.read(limit=1000) if one["type"].startswith(kind)]
    assert len({one["id"] for one in found}) == len(found)
    return [(one["type"], one["seller_id"], one["sequence"], one["entity_id"], one["version"]) for one in found]


def test_an_enrolment_is_the_sellers_first_event_and_holds_no_secret(store: Store) -> None:
    begin(store, inventory_source="trading", cadence={"orders": 30})

    (connected,) = (one for one in store.feed.read() if one["seller_id"] == "s-2")

    assert (connected["type"], connected["entity_id"], connected["sequence"], connected["version"]) == ("seller.connected", "s-2", 1, 1)
    assert (connected["source"], connected["changed"], connected["previous"]) == ("poll", [], {})
    when = connected["occurred_at"]
    rest = {"inventory_source": "trading", "offers": False}
    assert connected["data"] == {"seller_id": "s-2", "generation": 1, "enrolled_at": when, **rest}


def test_many_who_enrol_and_remove_at_once_tell_it_once(store: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        new = list(pool.map(lambda _: begin(store), range(6)))
        list(pool.map(lambda _: store.sellers.remove("s-2"), range(6)))

    assert sorted(new) == [False] * 5 + [True]
    assert [one[:3] for one in heard(store)] == [("seller.connected", "s-2", 1), ("seller.removed", "s-2", 2)]


@pytest.mark.parametrize("within", ["INSERT INTO sellerbeat.tokens", "INSERT INTO sellerbeat.sellers", "sellerbeat.positions"])
def test_an_enrolment_that_was_broken_off_is_told_when_it_is_done(store: Store, within: str) -> None:
    with crashing(store, within):
        begin(store)
    before = heard(store)
    begin(store)
    begin(store)

    assert before == []
    assert [one[:3] for one in heard(store)] == [("seller.connected", "s-2", 1)]


def test_a_removal_is_told_behind_the_alerts_that_end_with_it_and_a_return_anew(store: Store) -> None:
    begin(store)
    store.open_alert(AlertKind.LATE, "late", "s-2")
    with crashing(store, "sellerbeat.positions"):
        store.sellers.remove("s-2")
    assert store.enrolled() == ["s-2", "seller-1"]
    store.sellers.remove("s-2")
    with crashing(store, "UPDATE sellerbeat.tokens SET refresh_token = NULL"):
        store.sellers.remove("s-2")
    begin(store)

    types = [one["type"] for one in store.feed.read(seller="s-2")]
    (removed,) = (one for one in store.feed.read() if one["type"] == "seller.removed")
    assert types == ["seller.connected", "alert.opened", "alert.closed", "seller.removed", "seller.connected"]
    assert [one[1:] for one in heard(store)] == [("s-2", 1, "s-2", 1), ("s-2", 4, "s-2", 1), ("s-2", 5, "s-2", 2)]
    assert removed["data"] == {"seller_id": "s-2", "removed_at": removed["occurred_at"], "erased": False}


STEPS = ["UPDATE sellerbeat.sellers SET removed_at", "DELETE FROM sellerbeat.orders", "WITH account AS", "sellerbeat.marks WHERE name ="]


def said(store: Store) -> list[tuple[Any, ...]]:
    """Of every removal: whose event it is, and whether all is gone."""
    found = [one for one in store.feed.read(limit=1000) if one["type"] == "seller.removed"]
    assert len({one["id"] for one in found}) == len(found)
    assert {(one["entity_id"], one["data"]["seller_id"], one["data"]["removed_at"] == one["occurred_at"]) for one in found} <= {
        ("s-2", "s-2", True)
    }
    assert all(one["version"] >= 1 for one in found)
    return [(one["seller_id"], one["sequence"], one["data"]["erased"]) for one in found]


@pytest.mark.parametrize("within", STEPS)
@pytest.mark.parametrize("first", [True, False], ids=["after a removal", "at once"])
def test_an_erasure_is_told_when_it_begins_and_when_it_is_done_by_events_that_stay_wherever_it_is_broken_off(
    store: Store, within: str, first: bool
) -> None:
    begin(store)
    store_orders(store, order("a"), seller_id="s-2")
    if first:
        store.sellers.remove("s-2", erasing=True)
        store.sellers.remove("s-2", erasing=True)
    with crashing(store, within):
        store.sellers.erase("s-2")
    before = said(store)
    store.sellers.erase("s-2")
    store.sellers.erase("s-2")

    none_yet = not first and within in (STEPS[0], STEPS[3])
    assert before == ([] if none_yet else [(None, None, False)])
    assert said(store) == [(None, None, False), (None, None, True)]
    assert [one[0] for one in heard(store)] == ["seller.removed"] * 2


def test_an_erasure_that_does_not_get_through_has_told_that_the_seller_is_removed(store: Store) -> None:
    begin(store)
    with crashing(store, "sellerbeat.positions"):
        store.sellers.remove("s-2", erasing=True)
    assert (store.enrolled(), said(store)) == (["s-2", "seller-1"], [])

    store.sellers.remove("s-2", erasing=True)

    assert (store.enrolled(), said(store)) == (["seller-1"], [(None, None, False)])


def test_each_erasure_of_the_same_id_has_an_id_of_its_own_behind_a_restore_too(own_store: Store) -> None:
    own_store.restores.renew()
    for _ in range(2):
        begin(own_store)
        own_store.sellers.erase("s-2")

    assert [one[0] for one in heard(own_store)] == ["seller.removed"] * 4
    assert said(own_store) == [(None, None, False), (None, None, True)] * 2


def test_who_was_removed_before_is_erased_with_a_word(store: Store) -> None:
    enroll(store, "s-2")
    store.sellers.remove("s-2")
    store.sellers.erase("s-2")

    assert [one[:2] for one in heard(store)] == [("seller.removed", None)]
    assert said(store) == [(None, None, True)]


def test_an_erasure_has_another_id_than_the_removal_of_the_same_version_before(store: Store) -> None:
    """Receivers that remember ids would drop the second for the first."""
    begin(store)
    store.sellers.remove("s-2")
    (removal,) = (one for one in store.feed.read() if one["type"] == "seller.removed")
    store.sellers.erase("s-2")
    (erasure,) = (one for one in store.feed.read() if one["type"] == "seller.removed")

    assert (removal["version"], removal["data"]["erased"], erasure["version"], erasure["data"]["erased"]) == (1, False, 1, True)
    assert removal["id"] != erasure["id"]


def test_an_enrolment_between_the_two_parts_of_a_removal_keeps_its_token(store: Store) -> None:
    begin(store)
    new: list[bool] = []

    def again(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "UPDATE sellerbeat.tokens SET refresh_token = NULL" in statement and not new:
            new.append(begin(store))

    event.listen(store.engine, "before_cursor_execute", again)
    try:
        store.sellers.remove("s-2")
    finally:
        event.remove(store.engine, "before_cursor_execute", again)

    assert (new, "s-2" in store.enrolled()) == ([True], True)
    with store.tokens.locked("s-2") as row:
        assert (row.refresh_token, row.generation) == ("v^1#refresh", 2)


def test_a_removal_forgets_the_token_that_was_there(store: Store) -> None:
    begin(store)
    store.sellers.remove("s-2")

    with pytest.raises(UnknownSellerError), store.tokens.locked("s-2"):
        pass
