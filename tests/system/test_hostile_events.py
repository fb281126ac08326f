"""As tests/catalogue/test_hostile_events.py, over thousands of events."""

from __future__ import annotations

from collections import Counter

from operations.catalogue.reading import read_event
from tests.catalogue.documents import errors, hostile_events
from tests.support.rig import rig


def test_every_event_of_hostile_hours_is_what_its_schema_says(database: str) -> None:
    with rig(database) as it:
        events = hostile_events(it, hours=3, rate=60.0)

    assert [error for event in events for error in errors(event)] == []
    assert [read_event(event).id for event in events] == [event["id"] for event in events]
    assert len(events) > 2000
    assert len(Counter(event["type"] for event in events)) > 10
