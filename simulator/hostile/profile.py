"""All ways of a hostile eBay at once, at moderate rates."""

from datetime import timedelta
from random import Random

from simulator.clock import ManualClock
from simulator.hostility import Hostility
from simulator.world import World

PROFILE = {
    "late": 0.3,
    "parcels_behind": 0.3,
    "same_date": 0.5,
    "undated": 0.15,
    "undated_closed": 0.1,
    "malformed": 0.08,
    "absurd_date": 0.02,
    "unknown": 0.08,
    "nameless": 0.005,
    "huge": 0.005,
    "moving": 0.5,
    "touched": 0.05,
    "late_payer": 0.02,
    "coming_and_going": 0.2,
    "failure": 0.03,
    "too_many": 0.005,
    "html": 0.01,
    "html_4xx": 0.05,
    "wide_windows": 0.3,
    "truncated": 0.01,
    "wrong_total": 0.02,
    "empty_page": 0.02,
    "warnings": 0.1,
    "reset": 0.02,
    "cut": 0.01,
    "slow": 0.01,
    "expired": 0.02,
    "revoked": 0.002,
    "date_behind": 0.2,
    "date_leaps": 0.003,
    "dateless": 0.01,
    "clock_off_s": 420.0,
    "index_late": 0.3,
    "malformed_listing": 0.05,
    "paid_later": 0.2,
    "hot": 0.15,
    "size_added": 0.25,
    "restocked": 0.15,
    "id_changes": 0.15,
    "ack_failure": 0.03,
    "xml_bomb": 0.003,
    "huge_xml": 0.003,
    "unknown_xml": 0.1,
    "more_items": 0.03,
    "report_stuck": 0.08,
    "report_failed": 0.08,
    "not_a_zip": 0.05,
    "zip_bomb": 0.03,
    "torn_report": 0.08,
    "rows_twice": 0.2,
    "rows_nameless": 0.1,
    "rows_negative": 0.1,
    "rows_unknown": 0.3,
}


def make_hostile(world: World, seed: int = 1, scale: float = 1.0, **switches: float) -> Hostility:
    """All of it, and what eBay's documents leave open (offsets of inventory in pages or rows, ...) by the seed too.

    To be called before the first seller moves in, since eBay's clock may go back.

    Args:
        scale: of all times; below 1, time-outs and overlap of the product may be shorter too.
        switches: numbers other than the profile's; `late=0` leaves late visibility out.

    Raises:
        ValueError: no such switch.
    """
    hostility = Hostility(seed, scale)
    for name, value in {**PROFILE, **switches}.items():
        hostility.set(name, value)
    rng = Random(f"{seed}:world")
    world.switches.inventory_offset = rng.choice(("pages", "rows"))
    world.switches.absolute_next = rng.random() < 0.5
    world.switches.whole_seconds = rng.random() < 0.5 and scale >= 1
    world.switches.dotted_names = rng.random() < 0.5
    world.switches.parcels_quota = rng.choice(("order", "shipping_fulfillment"))
    if not isinstance(world.clock, ManualClock):
        world.clock.skew = timedelta(seconds=rng.choice((-1, 1)) * hostility.clock_off_s * scale)
    world.switches.listing_late_s *= scale
    world.switches.report_s *= scale
    world.switches.report_format = rng.choice(("zip", "gzip"))
    world.switches.has_more_items = rng.random() < 0.5
    world.switches.offers_quota = rng.choice(("inventory_item", "offer"))
    world.hostility = hostility
    return hostility
