"""An eBay to run against: same addresses, shapes, limits and faults, and a ledger of what really happened.

    with serve(World(now=...)) as ebay:
        ebay.world.add_seller("anna", skus=10, listings=20)
        ebay.world.move_in("anna")
        order_id = ebay.world.place_order("anna")
        ...  # GET {ebay.url}/sell/fulfillment/v1/order

Alone: `python -m simulator`. At its worst: `hostility.py`. With a bad network in front of it, or of anything: `proxy/`.
"""

from simulator.clock import Clock, ManualClock
from simulator.hostile.profile import make_hostile
from simulator.hostility import Hostility
from simulator.life import Life
from simulator.server import Simulator, serve
from simulator.world import World

__all__ = ["Clock", "Hostility", "Life", "ManualClock", "Simulator", "World", "make_hostile", "serve"]
