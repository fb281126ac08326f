"""Rounds of a seller with records that eBay cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from domain.pacing import Stream
from ebay.errors import EbayError
from tests.support.rig import Rig


def live(it: Rig, hours: float, streams: Sequence[Stream] = (Stream.ORDERS, Stream.FULFILLMENT)) -> list[str]:
    """Polls every quarter of an hour, as the workflow would make them; gives what failed."""
    it.lasting_tokens()
    failed = []
    for _ in range(int(hours * 4)):
        it.advance(minutes=15)
        for stream in streams:
            try:
                it.poll("anna", stream)
            except EbayError as error:
                failed.append(f"{stream}: {error}")
    return failed


def days(it: Rig, number: int, streams: Sequence[Stream] = (Stream.ORDERS, Stream.FULFILLMENT)) -> None:
    """Polls every four hours."""
    it.lasting_tokens()
    for _ in range(number * 6):
        it.advance(hours=4)
        for stream in streams:
            with suppress(EbayError):
                it.poll("anna", stream)


def why(it: Rig, stream: Stream) -> str:
    return str(it.store.seller("anna")["streams"][stream]["why"])


def alerts(it: Rig) -> list[str]:
    return [alert["kind"] for alert in it.store.alerts(seller_id="anna")]


def accompanied(it: Rig) -> None:
    """Not the only seller: what fails for one alone is no outage."""
    for other in ("bert", "carla"):
        it.world.add_seller(other)
        it.enroll(other)
