"""A simulated eBay whose clock the test drives."""

from datetime import datetime
from pathlib import Path

from simulator import ManualClock, World


class ManualWorld(World):
    """`World` with `now`: what is true of every such world, said for the types."""

    clock: ManualClock

    def __init__(self, seed: int = 1, *, now: datetime, ledger: Path | None = None) -> None:
        super().__init__(seed, now, ledger)
