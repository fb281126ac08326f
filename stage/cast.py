"""The three sellers of the demo, and how their world lives. Imports nothing of the product: the simulated eBay's process uses it."""

from dataclasses import dataclass

SEED = 1
RATE = 240.0  # how many times faster than real the world lives: a day in six minutes, so that an order ships while you watch
HISTORY_DAYS = 0.25  # of orders that are there before the first start
QUOTA = 1_000_000_000  # calls a day of each resource: polls every 2 s would spend eBay's 100,000 within half a day


@dataclass(frozen=True)
class Seller:
    name: str
    orders_a_day: float  # of the world's days
    skus: int


CAST = (Seller("anna", 500, 150), Seller("bert", 50, 20), Seller("carla", 5, 3))
