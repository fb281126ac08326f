"""`python -m simulator`: a living eBay on a port, for people who build against it."""

import argparse
import math
import signal
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from simulator.hostile.profile import PROFILE, make_hostile
from simulator.hostility import NUMBERS
from simulator.life import Life
from simulator.sending import Sender
from simulator.server import Simulator, serve
from simulator.world import World

SELLER = "NAME=ORDERS_A_DAY[:SKUS[:LISTINGS[:PUBLISHED]]]"
COUNTS = "skus", "listings", "published"
EPILOG = """
A seller's SKUs are in the Inventory API; the first PUBLISHED of them are listed too. LISTINGS are made in Seller Hub: only Trading and the
report of the Feed API show them.
Switches of --switch: {switches}.
What each does stands in simulator/hostility.py, and how often it happens with --hostile in simulator/hostile/profile.py.
Started again with the same ledger, seed and sellers, the world goes on where it ended, and tokens are the same.
GET /simulator/counters shows calls by seller and resource, GET /simulator/sellers the tokens. POST /simulator/quiet: nothing happens by
itself any more, answers go on; POST /simulator/calm: hostility's answers are true again. See simulator/control.py for more.
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs until SIGTERM or Ctrl-C. Exit 0; 1 when it cannot start, 2 for a wrong option."""
    options = _parser().parse_args(arguments)
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    try:
        sellers = [_seller(text) for text in options.seller or ["anna=2000:150", "bert=50:20", "carla=2:3", "dora=100:20:40:10"]]
        quotas = dict(_number("--quota", text) for text in options.quota)
        switches = dict(_number("--switch", text) for text in options.switch)
        with closing(World(options.seed, ledger=options.ledger)) as world:
            _check_quotas(quotas, world)
            world.quotas.limits.update({name: int(value) for name, value in quotas.items()})
            if options.hostile or switches:
                make_hostile(world, options.seed, **(switches if options.hostile else {**dict.fromkeys(PROFILE, 0.0), **switches}))
            for name, orders_a_day, numbers in sellers:
                _move_in(world, name, orders_a_day, numbers, options.history)
            with serve(world, options.port, options.host) as running, Life(world, options.rate), Sender(world.notices):
                print(f"simulated eBay at {running.url}", flush=True)
                if not options.quiet:
                    print(_how_to_use(running), flush=True)
                over.wait()
    except (OSError, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2 if isinstance(error, ValueError) else 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m simulator", description=__doc__, epilog=EPILOG.format(switches=", ".join(NUMBERS)))
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--ledger", type=Path, help="file that keeps every version of everything; without it the world is gone at the end")
    parser.add_argument("--seed", type=int, default=1, help="makes ids, tokens and what happens (default 1)")
    parser.add_argument("--seller", action="append", metavar=SELLER, help="may be given several times; see below")
    parser.add_argument("--history", type=float, default=0.0, metavar="DAYS", help="orders that are there before the start")
    parser.add_argument("--rate", type=float, default=1.0, help="how many times faster than real the world lives (default 1)")
    parser.add_argument("--quota", action="append", default=[], metavar="RESOURCE=CALLS", help="a day, such as order=1000000")
    parser.add_argument("--hostile", action="store_true", help="everything in simulator/hostile/profile.py at once, by the seed")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="one switch of it, such as late=0.5; see below")
    parser.add_argument("--quiet", action="store_true", help="print the address only")
    return parser


def _seller(text: str) -> tuple[str, float, dict[str, Any]]:
    name, _, numbers = text.partition("=")
    a_day, *counts = numbers.split(":")
    try:
        seller = name, float(a_day or 0), dict(zip(COUNTS, (int(count or 0) for count in counts), strict=False))
    except ValueError:
        seller = "", 0.0, {}
    if not seller[0] or len(counts) > len(COUNTS) or not (0 <= seller[1] < math.inf) or any(count < 0 for count in seller[2].values()):
        raise ValueError(f"--seller {text}: give {SELLER}, such as anna=2000:150")
    return seller


def _number(option: str, text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise ValueError(f"{option} {text}: give NAME=NUMBER") from None


def _check_quotas(quotas: dict[str, float], world: World) -> None:
    for name, value in quotas.items():
        if name not in world.quotas.limits or not (value >= 0 and value.is_integer()):
            raise ValueError(f"--quota {name}: give a whole number for one of {', '.join(world.quotas.limits)}")


def _move_in(world: World, name: str, orders_a_day: float, numbers: dict[str, Any], history_days: float) -> None:
    """A seller who is not in the ledger yet gets stock, listings and a past."""
    world.add_seller(name, orders_a_day, **numbers)
    world.move_in(name)
    if not world.inventories[name].orders and history_days > 0:
        now = world.clock.now()
        world.preload_orders(name, int(orders_a_day * history_days), now - timedelta(days=history_days), now, shipped=0.9)


def _how_to_use(running: Simulator) -> str:
    world = running.world
    lines = [f"  client id      {world.accounts.client_id}", f"  client secret  {world.accounts.client_secret}"]
    lines += [f"  refresh token  {world.refresh_token(name)}  of seller {name}" for name in world.sellers]
    lines += [
        f"  access token   POST {running.url}/identity/v1/oauth2/token, Basic auth, grant_type=refresh_token&refresh_token=...",
        f"  see also       {running.url}/simulator/counters and /simulator/sellers",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
