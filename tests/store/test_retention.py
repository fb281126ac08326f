"""What is old goes, what somebody waits for stays a while, and nobody reads over a gap."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from domain.retention import Retention
from store import Store
from store.events.events import CUT
from store.events.feed_bounds import FeedGoneError
from tests.store.documents import SELLER, enroll, order, store_orders
from tests.support.examples import examples

KEEP = Retention(events=timedelta(days=10), polls=timedelta(days=3), deliveries=timedelta(days=5))


def run(store: Store, statement: str, **values: object) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(statement), values)


def counted(store: Store, table: str) -> int:
    with store.engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM sellerbeat.{table}")).scalar_one())


def age(store: Store, *days: int) -> list[int]:
    """An event for each of these ages; returns their positions."""
    first = store.feed.last()
    name = uuid4().hex
    store_orders(store, *(order(f"{name}-{number}") for number in range(len(days))))
    positions = [one["position"] for one in store.feed.read(after=first)] if first else [one["position"] for one in store.feed.read()]
    for position, old in zip(positions, days, strict=True):
        run(
            store,
            "UPDATE sellerbeat.change_events SET detected_at = now() - interval '1 day' * :old WHERE position = :at",
            old=old,
            at=position,
        )
    return positions


def left(store: Store) -> list[int]:
    return [one["position"] for one in store.feed.read()]


def forget(store: Store) -> None:
    while store.retention.forget(KEEP):
        pass


def alerts(store: Store) -> list[str]:
    return [one["kind"] for one in store.alerts() if one["kind"] == "events_awaited"]


def test_rows_of_polls_and_deliveries_go_by_their_own_age(store: Store) -> None:
    run(
        store,
        """
        INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at)
        SELECT 's', n, 'orders', 'poll', now() - interval '1 day' * n, now() FROM generate_series(1, 9) n
        """,
    )
    run(
        store,
        """
        INSERT INTO sellerbeat.deliveries (at, endpoint_id, event_id, position, type, attempt, replayed, outcome, took_ms)
        SELECT now() - interval '1 day' * n, 'e', 'i', n, 't', 1, false, 'delivered', 1 FROM generate_series(1, 9) n
        """,
    )

    forget(store)

    assert (counted(store, "poll_runs"), counted(store, "deliveries")) == (2, 4)


def test_old_changes_are_cut_off_and_who_stands_before_the_cut_is_told(store: Store) -> None:
    positions = age(store, 12, 11, 9, 1)

    forget(store)

    assert left(store) == positions[2:]
    assert [one["position"] for one in store.feed.read(after=positions[1])] == positions[2:]
    with pytest.raises(FeedGoneError, match=f"changes are kept from position {positions[2]} on") as caught:
        store.feed.read(after=positions[0])
    assert (caught.value.bounds.cut, caught.value.bounds.latest) == (positions[1], positions[3])
    assert alerts(store) == []


def test_an_old_change_behind_a_young_one_stays(store: Store) -> None:
    positions = age(store, 12, 1, 12)

    forget(store)

    assert left(store) == positions[1:]


def test_who_stands_beyond_the_end_is_told(store: Store) -> None:
    (position,) = age(store, 1)

    assert store.feed.read(after=position) == []
    with pytest.raises(FeedGoneError, match=f"the feed ends at position {position}"):
        store.feed.read(after=position + 1)


def test_a_change_that_an_endpoint_waits_for_stays_with_an_alert_until_it_is_taken(store: Store) -> None:
    endpoint, _ = store.endpoints.add("https://shop.example.com/", ["order.*"])
    positions = age(store, 12, 11, 1)

    forget(store)
    waiting, alerted = left(store)[:3], alerts(store)
    run(store, "UPDATE sellerbeat.delivery_lanes SET sequence = 1 WHERE seller_id = :seller", seller=SELLER)
    forget(store)
    one_less = left(store)
    run(store, "UPDATE sellerbeat.delivery_lanes SET sequence = 3 WHERE seller_id = :seller", seller=SELLER)
    forget(store)

    assert (waiting, alerted) == (positions, ["events_awaited"])
    assert one_less[:2] == positions[1:]
    assert left(store)[0] == positions[2]
    assert alerts(store) == []
    assert endpoint


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ({"types": ["inventory.*"]}, "other changes"),
        ({"types": ["*"], "seller_id": "seller-2"}, "another seller's"),
    ],
    ids=["other changes", "another seller's"],
)
def test_an_endpoint_holds_only_what_it_wants(store: Store, endpoint: dict[str, object], why: str) -> None:
    enroll(store, "seller-2")
    store.endpoints.add("https://shop.example.com/", **endpoint)  # type: ignore[arg-type]
    positions = age(store, 12, 1)

    forget(store)

    assert left(store) == positions[1:], why


def test_an_endpoint_that_is_switched_off_holds_nothing(store: Store) -> None:
    endpoint, _ = store.endpoints.add("https://shop.example.com/", ["*"])
    positions = age(store, 12, 1)
    store.endpoints.switch_off(endpoint)

    forget(store)

    assert positions[0] not in left(store)


def test_twice_as_long_is_the_end_also_of_what_is_waited_for(store: Store) -> None:
    store.endpoints.add("https://shop.example.com/", ["*"])
    positions = age(store, 21, 19, 1)

    forget(store)

    assert left(store)[:2] == positions[1:]
    assert alerts(store) == ["events_awaited"]


def test_what_was_to_be_sent_again_goes_with_its_change(store: Store) -> None:
    positions = age(store, 12, 1)
    for position in positions:
        run(store, "INSERT INTO sellerbeat.redeliveries VALUES ('e', 's', :position)", position=position)

    forget(store)

    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT position FROM sellerbeat.redeliveries")).scalars().all() == positions[1:]


@settings(max_examples=examples(20), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(ages=st.lists(st.integers(0, 30), min_size=1, max_size=12), taken=st.integers(0, 12), waits=st.booleans())
def test_what_stays_is_the_end_of_the_feed_and_nothing_young_or_awaited_goes(
    store: Store, ages: list[int], taken: int, waits: bool
) -> None:
    run(store, "DELETE FROM sellerbeat.change_events; DELETE FROM sellerbeat.endpoints; DELETE FROM sellerbeat.delivery_lanes")
    run(store, "DELETE FROM sellerbeat.marks WHERE name = :name; DELETE FROM sellerbeat.alerts", name=CUT)
    positions = age(store, *ages)
    if waits:
        store.endpoints.add("https://shop.example.com/", ["order.*"])
        behind = "UPDATE sellerbeat.delivery_lanes SET sequence = sequence - :left WHERE seller_id = :seller"
        run(store, behind, left=max(len(ages) - taken, 0), seller=SELLER)

    forget(store)

    stay = [(waits and number >= taken and old < 20) or old < 10 for number, old in enumerate(ages)]
    first = stay.index(True) if any(stay) else len(ages)
    assert [one for one in left(store) if one in positions] == positions[first:]
