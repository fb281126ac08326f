"""Process: `worker.py` as it is, for the demo's eBay, which shows late changes of listings after two seconds instead of two minutes."""

from datetime import timedelta

import worker
from demo_stack.demo.fast_waits import fast_waits
from demo_stack.demo.sellers import LAG_S
from runtime.shutdown import leave


def main() -> None:
    leave(worker.main(fast_waits(timedelta(seconds=LAG_S))))
