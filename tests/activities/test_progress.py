"""What SQL finds in a checkpoint, beside what its model says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, make_url, text

from activities.polling.checkpoints import BackfillCheckpoint, InventoryCheckpoint, ListingsCheckpoint, OrdersCheckpoint, SweepCheckpoint
from store.reading.progress import IS_READING, PROGRESS, progress
from store.schema.times import iso
from tests.activities.any_checkpoint import CHECKPOINTS, stored


@pytest.fixture(scope="module")
def connection(postgres_server: str) -> Iterator[Connection]:
    engine = create_engine(make_url(postgres_server).set(drivername="postgresql+psycopg2"))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


FOUND = text(f"""
    SELECT {IS_READING} AS is_reading, {PROGRESS} AS progress
    FROM (SELECT CAST(:stream AS text) AS stream, CAST(:reading AS jsonb) AS reading) AS streams
""")


@given(data=st.data())
def test_sql_finds_in_a_checkpoint_what_the_model_says(connection: Connection, data: st.DataObject) -> None:
    stream = data.draw(st.sampled_from(sorted(CHECKPOINTS)))
    checkpoint: Any = data.draw(CHECKPOINTS[stream])
    reading = checkpoint.as_json()

    row = connection.execute(FOUND, {"stream": stream, "reading": None if reading is None else json.dumps(reading)}).one()

    match checkpoint:
        case OrdersCheckpoint():
            assert row.is_reading is bool(checkpoint.pending_windows)
        case InventoryCheckpoint():
            assert row.is_reading is (checkpoint.scan is not None)
        case ListingsCheckpoint():
            assert row.is_reading is (checkpoint.read_to is not None)
        case _:
            assert row.is_reading
    if isinstance(checkpoint, SweepCheckpoint) and checkpoint.done is not None:
        assert progress(stream, row.progress, None, None) == pytest.approx(min(max(checkpoint.done, 0.0), 0.99))
    if isinstance(checkpoint, BackfillCheckpoint):
        assert row.progress == {"to": stored(checkpoint)[-1]}
        end = checkpoint.pending_windows[-1]
        assert progress(stream, row.progress, end - timedelta(days=1), iso(end - timedelta(days=4))) == pytest.approx(0.75)
