"""Process: the simulated eBay of the demo. `python -m demo_stack.demo.ebay --port N --ledger FILE`, started by `world.py`.

It says where it is in one line of JSON. A line `quiet` on its standard input ends the life of its world, which stays to be polled; the
answer says from when on all that happened is shown: nothing changes any more. It ends with its standard input.
"""

import argparse
import json
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from demo_stack.demo.sellers import HISTORY_DAYS, LATE_S, QUOTA, RATE, SEED, SELLERS, DemoSeller
from simulator.life import Life
from simulator.sending import Sender
from simulator.server import serve
from simulator.state.notices import Unrest
from simulator.world import World

UNREST = Unrest(lost=0.05, doubled=0.02, late=0.1, late_s=5.0, early=0.1, early_s=2.0)  # of its notifications


def main() -> int:
    parser = argparse.ArgumentParser("python -m demo_stack.demo.ebay", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, required=True)
    options = parser.parse_args()
    try:
        consents = options.ledger.with_name("consents.jsonl")
        with closing(World(SEED, ledger=options.ledger, consents=consents)) as world:
            world.quotas.limits = dict.fromkeys(world.quotas.limits, QUOTA)
            world.switches.listing_late_s = LATE_S
            for seller in SELLERS:
                move_in(world, seller)
            with serve(world, options.port) as running:
                live(world, running.url)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def move_in(world: World, seller: DemoSeller) -> None:
    """A seller who is not in the ledger yet gets stock and a past."""
    world.add_seller(seller.name, seller.orders_a_day, seller.skus, listings=seller.listings, published=seller.published)
    world.move_in(seller.name)
    if not world.inventories[seller.name].orders:
        now = world.clock.now()
        world.preload_orders(seller.name, int(seller.orders_a_day * HISTORY_DAYS), now - timedelta(days=HISTORY_DAYS), now, shipped=0.9)


def live(world: World, url: str) -> None:
    world.notices.unrest = UNREST
    with Life(world, RATE) as life, Sender(world.notices):
        about = {"url": url, "client_id": world.accounts.client_id, "client_secret": world.accounts.client_secret}
        user_ids = {world.accounts.user_id(name): name for name in world.sellers}
        say(json.dumps({**about, "tokens": {name: world.refresh_token(name) for name in world.sellers}, "user_ids": user_ids}))
        for line in sys.stdin:
            if line.strip() == "quiet":
                life.stop()
                say(world.quiet().isoformat())


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
