"""Whatever happens to a seller, their events are numbered 1, 2, 3, ... and told times never fall."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.pacing import Stream
from store import Store, SupersededError
from store.schema.kinds import AlertKind
from tests.store.documents import ENROLLED, LATER, SELLER, order, refused_title
from tests.support.examples import examples

ORDERS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=4)
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), ORDERS),
        st.tuples(st.just("keep, then fail"), ORDERS),
        st.tuples(st.just("keep, superseded"), ORDERS),
        st.tuples(st.just("keep, one refused"), ORDERS),
        st.tuples(st.just("remove and enroll again"), st.just([])),
        st.tuples(st.just("an alert comes and goes"), st.just([])),
    ),
    max_size=12,
)


class CrashError(Exception):
    pass


def happen(store: Store, what: str, orders: list[tuple[str, int]]) -> None:
    if what == "remove and enroll again":
        store.sellers.remove(SELLER)
        store.sellers.enroll(SELLER, "refresh", scopes=[], now_ebay=ENROLLED)
        return
    if what == "an alert comes and goes":
        store.open_alert(AlertKind.LATE, "late", SELLER)
        store.close_alert(AlertKind.LATE, SELLER)
        return
    step = store.begin(SELLER, Stream.ORDERS)
    if what == "keep, superseded":
        store.begin(SELLER, Stream.ORDERS)
    documents = [order(name, modified=LATER + timedelta(hours=minutes), total=minutes) for name, minutes in orders]
    if what == "keep, one refused":
        documents.append(refused_title("bad"))
    with store.commit(step) as commit:
        commit.store_orders(documents, LATER)
        if what == "keep, then fail":
            raise CrashError


@given(HAPPENINGS)
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_sequence_has_no_gap_and_detected_at_never_falls(store: Store, happenings: list[tuple[str, list[tuple[str, int]]]]) -> None:
    store.sellers.erase(SELLER)
    store.sellers.enroll(SELLER, "refresh", scopes=[], now_ebay=ENROLLED)
    for what, orders in happenings:
        with suppress(CrashError, SupersededError):
            happen(store, what, orders)

    events = store.feed.read(limit=10_000, seller=SELLER)

    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["detected_at"] for event in events] == sorted(event["detected_at"] for event in events)
    assert len({event["id"] for event in events}) == len(events)
    versions: dict[str, int] = {}
    for event in events:
        if event["type"] in ("order.created", "order.updated"):
            assert event["version"] == versions.get(event["entity_id"], 0) + 1
            versions[event["entity_id"]] = event["version"]


def test_a_clock_that_goes_back_is_not_followed(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.sellers SET detected_at = '2100-01-01T00:00:00Z'")

    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.store_orders([order()], LATER)

    assert store.feed.read()[0]["detected_at"] == "2100-01-01T00:00:00.000Z"


@pytest.mark.parametrize("count", [1, 300])
def test_positions_and_sequences_of_one_commit_go_together(store: Store, count: int) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.store_orders([order(f"o-{number:03}") for number in range(count)], LATER)

    events = store.feed.read(limit=1000)

    assert [event["sequence"] for event in events] == list(range(1, count + 1))
    assert [event["entity_id"] for event in events] == [f"o-{number:03}" for number in range(count)]
