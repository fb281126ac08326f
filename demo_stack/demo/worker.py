"""The worker, seen from the demo."""

from __future__ import annotations

from demo_stack.demo.child import Child
from demo_stack.demo.home import HOUSE, Home
from demo_stack.demo.supervised import SupervisedProcess

QUICK = "import sys; sys.path.insert(0, {house!r}); from demo_stack.demo.quick_worker import main; main()"


class WorkerProcess(SupervisedProcess):
    def __init__(self, home: Home, quick: bool = False) -> None:
        """`quick`: for the demo's eBay, as its world is (`quick_worker.py`)."""
        program = ["-c", QUICK.format(house=str(HOUSE))] if quick else [str(HOUSE / "worker.py")]
        super().__init__(Child(home, "worker", program), "worker runs on task queue")
