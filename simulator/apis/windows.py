"""Windows of change that are too wide for eBay: of getOrders and GetSellerEvents."""

from simulator.requests import Request
from simulator.times import HOUR
from simulator.world import World


def too_wide(world: World, request: Request, width_ms: int) -> bool:
    """Whether eBay cannot answer for a window of changes this wide."""
    if width_ms > world.switches.widest_h * HOUR:
        return True
    hostility = world.hostility
    if not hostility or hostility.calm or width_ms <= hostility.widest_h * HOUR:
        return False
    return hostility.hits("wide_windows", request.seller, request.resource) is not None
