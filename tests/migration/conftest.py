from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

from store import Store
from tests.migration.announced import Announced
from tests.support.postgres_clock import PostgresClock, driven


@pytest.fixture
def anna(database: str) -> Iterator[Announced]:
    """A seller who is enrolled and polled, in mode polling, whose orders are announced without a loss."""
    with closing(PostgresClock(database)) as clock, closing(Store.connect(driven(database), [Fernet.generate_key().decode()])) as store:
        it = Announced(store, clock)
        yield it
        it.http.close()
