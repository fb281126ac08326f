from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.keyed_fleet import Fleet
from tests.support.listed import begin, poll
from tests.support.postgres_clock import PostgresClock, driven
from tests.support.rig import Rig, rig


@pytest.fixture
def anna(database: str) -> Iterator[Rig]:
    """A rig with one enrolled seller, `anna`, without goods or orders."""
    with rig(database, "anna") as it:
        it.enroll("anna")
        yield it


@pytest.fixture
def hub(anna: Rig) -> Rig:
    """A seller with 40 listings of Seller Hub, all read."""
    anna.world.switches.listing_late = 0
    anna.world.add_seller("anna", listings=40)
    anna.world.preload_listings("anna")
    begin(anna)
    poll(anna)
    return anna


@pytest.fixture
def fleet_of(database: str) -> Iterator[Callable[[int], Fleet]]:
    url, clock = driven(database), PostgresClock(database)
    with ExitStack() as open_rigs:

        def make(count: int) -> Fleet:
            sellers = [f"s{n}" for n in range(count)]
            return Fleet(open_rigs.enter_context(rig(url, *sellers)), clock, sellers)

        yield make
    clock.close()
