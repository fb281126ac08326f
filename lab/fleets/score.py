"""What a policy did for a fleet: how late orders were found, and what that cost."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleets.fleet import SyntheticFleet


@dataclass(frozen=True, slots=True)
class Score:
    """Of the orders of awake sellers in the scored days. Delays in seconds."""

    orders: int
    mean: float
    p50: float
    p95: float
    longest: float
    worst_seller: float  # the mean delay of the seller who fares worst
    used: float  # calls over quota, of the scored days
    refused: int  # calls that eBay refused, in all days
    days: int


class Counter:
    """Collects delays while days go by."""

    def __init__(self, fleet: SyntheticFleet) -> None:
        self.fleet = fleet
        self.sums = [0.0] * len(fleet.sellers)
        self.counts = [0] * len(fleet.sellers)
        self.delays: list[float] = []
        self.used = [0] * (fleet.shape.days + 2)  # by day
        self.refused = 0
        shape = fleet.shape
        self.open = sum(1 for seller in fleet.sellers if not seller.dormant for at in seller.orders if shape.start <= at < shape.end)

    def found(self, number: int, delay: float) -> None:
        """An order of an awake seller in the scored days."""
        self.sums[number] += delay
        self.counts[number] += 1
        self.delays.append(delay)
        self.open -= 1

    def score(self) -> Score:
        shape = self.fleet.shape
        delays = sorted(self.delays)
        scored = self.used[shape.warm_days : shape.days]
        return Score(
            orders=len(delays),
            mean=sum(delays) / len(delays),
            p50=delays[len(delays) // 2],
            p95=delays[len(delays) * 95 // 100],
            longest=delays[-1],
            worst_seller=max(total / count for total, count in zip(self.sums, self.counts, strict=True) if count),
            used=sum(scored) / len(scored) / shape.quota,
            refused=self.refused,
            days=shape.days,
        )
