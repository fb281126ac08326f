"""One rule says how a seller is, whoever asks: the workflow, the Web UI's list and card, `status`, `list` and the page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from temporalio.common import TypedSearchAttributes

from console.arguments import SellerState
from domain.health import findings
from domain.seller_state import CALLS, GRAVITY, State, StreamFacts, Wait, as_wait, seller_state
from domain.streams import RESOURCES, Stream
from store import Store
from store.reading.overview import Overview
from tests.store.documents import SELLER
from tests.support.examples import examples
from workflows.attributes import STATE, differences
from workflows.card import WORDS, card
from workflows.state import PollingState

NOW = datetime(2026, 11, 30, tzinfo=UTC)
POLLED = (Stream.ORDERS, Stream.FULFILLMENT, Stream.INVENTORY)
WAYS = st.one_of(
    st.just({}),
    st.integers(1, 9).map(lambda failures: {"failures": failures, "last_error": "EbayUnavailableError: 503"}),
    st.sampled_from(Wait).map(lambda wait: {"waits_for": wait}),
)
PEOPLE = st.sampled_from([{}, {"paused": "holiday"}, {"dead": "DeadTokenError"}, {"dead": "DeadTokenError", "paused": "holiday"}])
SET = text("""
    UPDATE sellerbeat.streams
        SET failures = :failures, last_error = :last_error, waits_for = :waits_for, why = 'every 5 min', last_poll_at = :now,
        last_good_at = CASE WHEN :good THEN CAST(:now AS timestamptz) END
    WHERE seller_id = :seller_id AND stream = :stream
""")
TOKEN = text("""
    UPDATE sellerbeat.tokens SET dead_at = CASE WHEN :dead THEN CAST(:now AS timestamptz) END, dead_reason = 'DeadTokenError'
    WHERE seller_id = :seller_id
""")


def as_workflow(streams: list[dict[str, Any]], people: dict[str, Any]) -> PollingState:
    state = PollingState.new(SELLER, NOW, POLLED)
    state.paused, state.dead = people.get("paused"), people.get("dead")
    for stream, way in zip(POLLED, streams, strict=True):
        state.streams[stream] = state.streams[stream].model_copy(update={"why": "every 5 min", **way})
    return state


DOWN = text("""
    INSERT INTO sellerbeat.breakers (resource, opened_at, since, sellers, every_s) VALUES (:resource, :now, :now, 1, 30)
    ON CONFLICT (resource) DO NOTHING
""")


def as_rows(store: Store, streams: list[dict[str, Any]], people: dict[str, Any]) -> None:
    store.save_overrides(SELLER, {"paused": people.get("paused")})
    with store.engine.begin() as connection:
        connection.execute(TOKEN, {"seller_id": SELLER, "dead": "dead" in people, "now": NOW})
        connection.execute(text("DELETE FROM sellerbeat.breakers"))
        for stream, way in zip(POLLED, streams, strict=True):
            if way.get("waits_for") is Wait.OUTAGE:
                connection.execute(DOWN, {"resource": RESOURCES[stream], "now": NOW})
        for stream, way in zip(POLLED, streams, strict=True):
            facts = {"failures": 0, "last_error": None, "waits_for": None, "good": not way, **way}
            connection.execute(SET, {"seller_id": SELLER, "stream": stream.value, "now": NOW, **facts})


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WAYS, min_size=3, max_size=3), PEOPLE)
def test_all_who_tell_a_sellers_state_say_the_same(store: Store, streams: list[dict[str, Any]], people: dict[str, Any]) -> None:
    as_rows(store, streams, people)
    workflow = as_workflow(streams, people)
    rule, _ = seller_state(
        [StreamFacts(stream, "every 5 min", **way) for stream, way in zip(POLLED, streams, strict=True)],
        dead=people.get("dead"),
        paused=people.get("paused"),
    )

    attributes = {update.key.name: update.value for update in differences(workflow, TypedSearchAttributes.empty)}
    assert workflow.state()[0] == rule
    assert attributes[STATE.name] == rule
    assert card(workflow).splitlines()[0].endswith(WORDS.get(rule, rule))
    assert store.seller(SELLER)["state"] == rule
    assert [one.state for one in Overview(store.engine).fleet().sellers] == [rule]


def test_each_state_is_a_word_of_the_command_line_and_has_a_place_on_the_page() -> None:
    assert {one.value for one in SellerState} == set(get_args(State)) == set(GRAVITY)


def test_what_another_version_waits_for_is_as_if_nothing_were_there() -> None:
    assert as_wait("the moon") is None
    assert as_wait(None) is None
    assert {as_wait(one.value) for one in CALLS} == set(CALLS)


def test_once_ebay_is_back_a_seller_is_polled_though_some_stream_waits_for_its_time(store: Store) -> None:
    as_rows(store, [{}, {}, {"waits_for": Wait.OUTAGE}], {})
    down = store.seller(SELLER)["state"]

    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.breakers SET opened_at = NULL"))

    assert (down, store.seller(SELLER)["state"]) == ("ebay_down", "polling")


def test_a_seller_who_fails_is_ebays_matter_as_soon_as_ebay_is_in_doubt_and_their_own_once_somebody_is_answered(store: Store) -> None:
    """The alert waits for the proof of a minute, people do not."""
    as_rows(store, [{"failures": 3, "last_error": "EbayUnavailableError: cannot reach the proxy at 10.0.0.1:3128"}, {}, {}], {})
    now = datetime.now(UTC)
    store.breakers.doubt("orders", now - timedelta(seconds=20), now, 1, "cannot reach the proxy at 10.0.0.1:3128")

    doubted, listed = store.seller(SELLER), [one.state for one in Overview(store.engine).fleet().sellers]
    found = findings(store.health.facts())
    store.breakers.good("orders", now)

    assert ([doubted["state"]], listed) == (["ebay_down"], ["ebay_down"])
    assert "seems (cannot reach the proxy at 10.0.0.1:3128, since" in doubted["reason"]
    assert [(one.part, "mend the proxy" in one.remedy) for one in found if one.part == "ebay"] == [("ebay", True)]
    assert store.seller(SELLER)["state"] == "failing"
    assert store.alerts() == []


def test_a_good_poll_by_an_older_version_ends_the_wait_that_it_does_not_know(store: Store) -> None:
    as_rows(store, [{"waits_for": Wait.KEYS}, {}, {}], {})
    refused = store.seller(SELLER)["state"]

    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.streams SET last_poll_at = now(), last_good_at = now()"))

    assert (refused, store.seller(SELLER)["state"]) == ("failing", "polling")
