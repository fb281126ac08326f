from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.listed import begin, poll
from tests.support.rig import Rig, rig


@pytest.fixture
def anna(database: str) -> Iterator[Rig]:
    """A rig with one enrolled seller, `anna`, without goods or orders."""
    with rig(database, "anna") as it:
        it.enroll("anna")
        yield it


@pytest.fixture
def hub(anna: Rig) -> Iterator[Rig]:
    """A seller with 40 listings of Seller Hub, all read."""
    anna.world.switches.listing_late = 0
    anna.world.add_seller("anna", listings=40)
    anna.world.preload_listings("anna")
    begin(anna)
    poll(anna)
    return anna
