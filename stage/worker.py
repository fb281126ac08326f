"""The worker, seen from the demo. Whoever kills it sees it started again, and nothing lost; one that fails by itself ends the demo."""

from __future__ import annotations

from stage.child import Child
from stage.home import HOUSE, Home

QUICK = "import sys; sys.path.insert(0, {house!r}); from stage.quick_worker import main; main()"
READY = "worker runs on task queue"  # a line of its log


class WorkerProcess:
    def __init__(self, home: Home, quick: bool = False) -> None:
        """`quick`: for the demo's eBay, as its world is (`quick_worker.py`)."""
        self.child = Child(home, "worker", ["-c", QUICK.format(house=str(HOUSE))] if quick else [str(HOUSE / "worker.py")])
        self.restarts = 0

    def start(self) -> None:
        self.child.start()

    def arrive(self) -> None:
        """Wait until it polls its task queue. Raises StageError."""
        self.child.wait_for(self.ready)

    def ready(self) -> bool:
        return READY in self.child.said()

    def look_after(self) -> None:
        """Start it again if somebody ended it.

        Raises:
            StageError: it ended by itself, with an error, or before it was ready.
        """
        code = self.child.exit_code
        if code is None:
            return
        if code > 0 or not self.ready():
            raise self.child.failure(f"ended with exit code {code}")
        self.restarts += 1
        self.child.start()

    def stop(self) -> None:
        self.child.stop()
