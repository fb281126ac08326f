"""The sellers of the demo, and how their world lives: three are connected, the fourth waits for *Connect a seller* on the page.

Imports nothing of the product: the simulated eBay's process uses it.
"""

from dataclasses import dataclass

SEED = 1
RATE = 240.0  # how many times faster than real the world lives: a day in six minutes, so that an order ships while you watch
HISTORY_DAYS = 0.25  # of orders that are there before the first start
QUOTA = 1_000_000_000  # calls a day of each resource: polls every 2 s would spend eBay's 100,000 within half a day
LATE_S, LAG_S = (
    2.0,
    3.0,
)  # so late eBay shows some changes of listings, and so far behind its clock they are read: 90 s and 2 min in earnest


@dataclass(frozen=True)
class DemoSeller:
    name: str
    orders_a_day: float  # of the world's days
    skus: int = 0  # of the Inventory API
    published: int = 0  # listings that it made of the first of these SKUs
    listings: int = 0  # made in Seller Hub, some with variations
    connected: bool = True  # by the demo itself


SELLERS = (
    DemoSeller("anna", 500, skus=150),
    DemoSeller("bert", 100, listings=40),
    DemoSeller("carla", 20, skus=6, published=3, listings=9),
    DemoSeller("dora", 150, skus=12, listings=8, connected=False),
)
