from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.rig import Rig, rig


@pytest.fixture
def anna(database: str) -> Iterator[Rig]:
    """A rig with one enrolled seller, `anna`, without goods or orders."""
    with rig(database, "anna") as it:
        it.enroll("anna")
        yield it
