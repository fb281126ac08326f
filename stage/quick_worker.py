"""Process: `worker.py` as it is, for the demo's eBay, which shows late changes of listings after two seconds instead of two minutes."""

from datetime import timedelta

import worker
from console.leaving import leave
from stage.cast import LAG_S
from stage.haste import hasten


def main() -> None:
    hasten(timedelta(seconds=LAG_S))
    leave(worker.main())
