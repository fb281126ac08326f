"""What tests of hostile sales share."""

from datetime import timedelta

from tests.simulator.conftest import START
from tests.simulator.perfect import Event

END = START + timedelta(hours=6)


def figures(document: Event) -> tuple[int, int]:
    return document["available"], document["quantitySold"]
