"""What happens in the world because somebody reads it: rows move between two pages, dates without a change, orders from the past.

Everything goes through the world's own actions, so it is in the ledger. The world is locked.
"""

import json
import re

from simulator.answers import Answer
from simulator.hostile import versions
from simulator.hostility import Hostility
from simulator.requests import Request
from simulator.times import DAY, MINUTE
from simulator.world import World

ORDER_ID = re.compile(r'"orderId":"([^"]+)"')


def before(world: World, hostility: Hostility, request: Request) -> None:
    """Between two calls of a seller."""
    seller, about = request.seller, (request.resource, request.number)
    if world.still or not seller:
        return
    if rng := hostility.hits("touched", seller, *about):
        ids = world.order_ids(seller)
        if ids:
            versions.touch(world.state, seller, rng.choice(ids))
    if rng := hostility.hits("late_payer", seller, *about):
        age = rng.choice((rng.randrange(1, 100 * DAY), 90 * DAY - rng.randrange(MINUTE, 20 * MINUTE)))  # some lose their personal data soon
        world.place_order(seller, created_at=world.clock.now_ms() - age)


def after(world: World, hostility: Hostility, request: Request, answer: Answer) -> None:
    """While a reader has a page in hand and goes for the next one."""
    seller, about = request.seller, (request.resource, request.number)
    if world.still or answer.status != 200 or not isinstance(answer.body, str) or not answer.body[:2_000].partition('"next":')[1]:
        return
    if request.resource == "order" and (rng := hostility.hits("moving", seller, *about)):
        ids = sorted(one for one in set(map(json_text, ORDER_ID.findall(answer.body))) if world.known(seller, "order", one))
        for order_id in rng.sample(ids, min(len(ids), rng.randint(1, 3))):
            versions.touch(world.state, seller, order_id)
    if request.resource == "inventory_item" and (rng := hostility.hits("coming_and_going", seller, *about)):
        world.add_sku(seller, f"ODD-{rng.randrange(10**9):09d}", rng.randint(1, 9))
        there = [sku for sku in world.skus(seller) if not sku.startswith("ODD-")]
        if len(there) > 3:
            world.remove_sku(seller, rng.choice(there))


def json_text(inside: str) -> str:
    """What stands between the quotes of a JSON string."""
    text: str = json.loads(f'"{inside}"')
    return text
