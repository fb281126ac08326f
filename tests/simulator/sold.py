"""A shop with sales, and the events that should be recorded of them."""

from datetime import timedelta
from typing import Any

from simulator.judge import Verdict, judge
from tests.simulator.conftest import START
from tests.simulator.perfect import Event, poll
from tests.support.manual_world import ManualWorld

END = START + timedelta(hours=1)


def shop_with_a_sale() -> ManualWorld:
    world = ManualWorld(seed=7, now=START)
    world.switches.listing_late = 0.0
    world.add_seller("anna")
    return world


def recorded(world: ManualWorld) -> list[Event]:
    return poll(list(world.rows()), timedelta(minutes=20), START, END)


def judged(world: ManualWorld, events: list[Event], **options: Any) -> Verdict:
    """Positions and sequences put right: only the spoilt thing itself is to be found."""
    numbered = [{**event, "position": k, "sequence": k} for k, event in enumerate(events, 1)]
    return judge(world.rows(), numbered, at=END + timedelta(hours=1), **options)


def counts(found: Verdict) -> tuple[int, int, int]:
    return found.lost, found.twice, found.wrong


def sold(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] == "inventory.sold"]


def without_sales(events: list[Event]) -> list[Event]:
    return [event for event in events if event["type"] != "inventory.sold"]
