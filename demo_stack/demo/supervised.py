"""A child that is kept up. Whoever kills it sees it started again, and nothing lost; one that fails by itself ends the demo."""

from __future__ import annotations

from demo_stack.demo.child import Child


class SupervisedProcess:
    def __init__(self, child: Child, said_when_ready: str) -> None:
        """`said_when_ready`: words of a line of its log."""
        self.child, self.said_when_ready = child, said_when_ready
        self.restarts = 0

    def start(self) -> None:
        self.child.start()

    def arrive(self) -> None:
        """Wait until it is ready. Raises DemoError."""
        self.child.wait_for(self.ready)

    def ready(self) -> bool:
        return self.said_when_ready in self.child.said()

    def look_after(self) -> None:
        """Start it again if somebody ended it.

        Raises:
            DemoError: it ended by itself, with an error, or before it was ready.
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
