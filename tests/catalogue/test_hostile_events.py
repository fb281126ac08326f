"""Whatever eBay sends, its events are what their schemas say, and are read as typed ones."""

from __future__ import annotations

from operations.catalogue.reading import UnknownEvent, read_event
from tests.catalogue.documents import data_of, errors, hostile_events
from tests.support.rig import rig


def test_every_event_of_a_hostile_hour_is_what_its_schema_says_and_is_read_as_typed(database: str) -> None:
    with rig(database) as it:
        events = hostile_events(it, hours=1, rate=15.0)
    read = [read_event(event) for event in events]
    given = [(event["data"], data_of(event)) for event in events]
    documents = [(came, data) for came, data in given if hasattr(data, "misfits")]

    assert [error for event in events for error in errors(event)] == []
    assert {type(one) for one in read}.isdisjoint({UnknownEvent})
    assert {event["type"] for event in events} >= {"order.created", "inventory.created", "inventory.sold", "offer.created", "alert.opened"}
    assert {event["entity_id"].startswith("listing:") for event in events if event["type"] == "inventory.created"} == {True, False}
    assert len(events) > 150
    assert sum(bool(data.misfits) for _, data in documents) > 10  # it was hostile
    assert any(data.model_extra.get("futureField") for _, data in documents)  # what nobody knows stays
    assert [data.as_sent for _, data in documents] == [came for came, _ in documents]
