"""A stream whose checkpoint nobody can read is read anew, and loses nothing by it: it fails neither once nor for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.pacing import Stream
from simulator.judge import judge
from tests.support.listed import begin, poll, report
from tests.support.rig import Rig, rig

GARBAGE: list[Any] = [
    7,
    "x",
    ["soon", 3],
    {"x": 1},
    {"limit": [1]},
    {"scan": "seven", "page": -1, "place": 3},
    {"scan": 7, "page": 2},
    {"from": "soon", "width_s": "wide", "to": 3, "offset": 0},
    {"began_at": 0, "first": True, "behind": 7, "scan": None, "phase": "dream"},
    {"sku": 1, "round": None, "later": True},
]


@pytest.fixture
def it(database: str) -> Iterator[Rig]:
    """A seller with orders from before the enrolment, SKUs, listings and offers, all streams read once."""
    with rig(database, "anna") as it:
        it.lasting_tokens()
        it.world.switches.listing_late = 0
        it.world.preload_skus("anna", 6)
        it.world.list_item("anna", item_id="110011", quantity=40)
        now = it.world.clock.now()
        it.world.preload_orders("anna", 10, now - timedelta(days=20), now - timedelta(days=3))
        it.enroll("anna", backfill=timedelta(days=25), offers=True)
        it.poll("anna", Stream.SWEEP)
        begin(it)
        poll(it)
        it.poll("anna", Stream.OFFERS)
        yield it


@pytest.mark.parametrize("stream", Stream)
def test_a_checkpoint_that_nobody_can_read_begins_the_read_anew(it: Rig, stream: Stream) -> None:
    for garbage in GARBAGE:
        put(it, stream, garbage)
        order = it.world.place_order("anna")
        it.advance(hours=1)

        report(it) if stream is Stream.REPORT else it.poll("anna", stream)

        row = it.store.seller("anna")["streams"].get(stream, {"failures": 0, "last_good_at": ""})  # of a backfill that is over: none
        assert (row["failures"], reading(it, stream) == garbage) == (0, False)
        assert row["last_good_at"] is not None
        if stream is Stream.ORDERS:
            assert order in it.stored("anna")
    if stream is Stream.BACKFILL:
        assert len(it.stored("anna")) == 10 + len(GARBAGE)  # what is newer than a backfill that lost its end, it reads too
        found = judge(it.world.rows(), it.events(), at=it.world.clock.now(), kinds=["order"])
        assert (found.lost, found.twice, found.wrong) == (0, 0, 0)


def put(it: Rig, stream: Stream, value: Any) -> None:
    with it.store.engine.begin() as connection:
        statement = text("UPDATE sellerbeat.streams SET reading = CAST(:reading AS jsonb) WHERE stream = :stream")
        connection.execute(statement, {"reading": json.dumps(value), "stream": stream})


def reading(it: Rig, stream: Stream) -> Any:
    with it.store.engine.connect() as connection:
        return connection.execute(text("SELECT reading FROM sellerbeat.streams WHERE stream = :stream"), {"stream": stream}).scalar_one()
