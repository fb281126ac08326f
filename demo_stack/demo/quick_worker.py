"""Process: `worker.py` as it is, for the demo's eBay, which shows late changes of listings after two seconds instead of two minutes."""

from datetime import timedelta

import worker
from console.leaving import leave
from demo_stack.demo.cast import LAG_S
from demo_stack.demo.haste import hasten


def main() -> None:
    hasten(timedelta(seconds=LAG_S))
    leave(worker.main())
