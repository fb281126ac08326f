"""Validators of the schemas, one a type, and events of a hostile eBay."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator
from temporalio.exceptions import ApplicationError

from domain.pacing import Stream
from ebay.errors import EbayError
from operations.catalogue.reading import read_event
from operations.catalogue.schemas import schema_of
from simulator import Hostility, Life
from store import StoreError
from tests.support.listed import report
from tests.support.rig import Rig

ROUGH = {"malformed": 0.4, "unknown": 0.3, "malformed_listing": 0.4, "nameless": 0.02, "absurd_date": 0.05, "size_added": 0.3}
POLLED = (Stream.ORDERS, Stream.FULFILLMENT, Stream.INVENTORY, Stream.LISTINGS, Stream.OFFERS)


@cache
def validator(type_: str) -> Draft202012Validator:
    return Draft202012Validator(schema_of(type_), validate_formats=True)


def errors(event: dict[str, Any]) -> list[str]:
    """What its schema has against an event."""
    return [
        f"{event['type']}: {'/'.join(map(str, error.instance_path))}: {error.message[:200]}"
        for error in validator(event["type"]).iter_errors(event)
    ]


def data_of(event: dict[str, Any]) -> Any:
    """The typed `data` of an event."""
    return getattr(read_event(event), "data")  # noqa: B009 - thin ones have none


def hostile_events(rig: Rig, hours: int, rate: float) -> list[dict[str, Any]]:
    """Of two living shops, whose documents are of every form that the simulator knows."""
    world = rig.world
    world.hostility = Hostility(seed=5)
    for name, value in ROUGH.items():
        world.hostility.set(name, value)
    world.add_seller("dora", orders_a_day=60, listings=25)
    world.add_seller("ella", orders_a_day=60, skus=40)
    for name in world.sellers:
        world.move_in(name)
        rig.enroll(name, backfill=timedelta(days=2), offers=True)
    rig.poll("dora", Stream.INVENTORY)
    report(rig, "dora")  # from then on there are listings
    life = Life(world, rate=rate)
    for _ in range(hours * 2):
        for name in world.sellers:
            for stream in (*POLLED, Stream.BACKFILL):
                with suppress(EbayError, StoreError, ApplicationError):
                    rig.poll(name, stream)
        life.run_until(world.clock.now() + timedelta(minutes=30))
    return rig.events()
