"""What the live view reads of the store."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from demo_stack.demo.home import Home
from demo_stack.demo.picture_reader import PictureReader
from demo_stack.devstack.folder import Folder
from domain.pacing import Stream
from store import Store
from tests.store.documents import SELLER, enroll


def poll(store: Store, calls: int) -> None:
    with store.commit(store.begin(SELLER, Stream.ORDERS)) as commit:
        commit.count(calls=calls)
        commit.complete(next_poll_at=datetime.now(UTC) + timedelta(minutes=5), why="every 5 min")


def test_the_calls_of_this_run_are_counted_and_no_earlier_ones(database: str, tmp_path: Path) -> None:
    with closing(Store.connect(database, [Fernet.generate_key().decode()], pool_size=2)) as store:
        enroll(store)
        poll(store, calls=5)
        reader = PictureReader(store, Home(Folder(tmp_path)))

        nothing = reader.read().calls
        poll(store, calls=2)
        poll(store, calls=1)

        assert (nothing, reader.read().calls) == (0, 3)
