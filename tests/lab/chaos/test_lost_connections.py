"""A connection that dies at an awkward moment: the store tells it in its own words, whichever library noticed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from cryptography.fernet import Fernet
from sqlalchemy import text

from store import Store
from store.schema.errors import StoreUnavailableError, translated


def test_a_connection_that_dies_after_its_last_answer_takes_no_slot_in_the_pool(database: str, execute: Callable[[str], None]) -> None:
    store = Store.connect(database, [Fernet.generate_key().decode()], pool_size=1)
    with store._single.connect() as connection:  # from its second use on, a connection that is put back is told so once more
        connection.execute(text("SELECT 1"))

    with suppress(StoreUnavailableError), translated(), store._single.connect() as connection:
        execute(f"SELECT pg_terminate_backend({connection.execute(text('SELECT pg_backend_pid()')).scalar()}, 5000)")

    with suppress(StoreUnavailableError):  # that the pooled connection is dead may show only now
        store.check()
    store.check()
    store.close()
