"""The demo's endpoint: a receiver that verifies what it gets, over all runs in the folder."""

from __future__ import annotations

import time

from demo_stack.demo.home import Home
from demo_stack.demo.receiver import DeliveryTally, Receiver
from store import Store

PATIENCE_S = 120.0  # a loaded machine; some 2 s are usual
PAUSE_S = 0.1
TYPES = ("*",)


class DemoEndpoint:
    def __init__(self, home: Home, store: Store) -> None:
        self.store, self.tally = store, DeliveryTally()
        self.receiver = Receiver(self.tally.take, home.port("receiver"))
        self.endpoint, secret = self.enter(self.receiver.url)
        self.tally.knows(secret)

    def enter(self, url: str) -> tuple[str, str]:
        """The endpoint of the runs before, which goes on where it was, with a new secret; or a new one. Its id and its secret."""
        ours = next((one for one in self.store.endpoints.all() if one.url == url), None)
        if ours is None:
            return self.store.endpoints.add(url, TYPES)
        secret = self.store.endpoints.rotate(ours.id)
        self.store.endpoints.drop_old(ours.id)
        self.store.endpoints.switch_on(ours.id)
        return ours.id, secret

    def settle(self, patience_s: float = PATIENCE_S) -> list[str]:
        """Wait until nothing waits. Returns what is wrong, in words; [] when all went well."""
        deadline = time.monotonic() + patience_s
        while (left := self.store.deliveries.waiting(self.endpoint).changes) and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
        wrong = {"not delivered": left, "did not verify": self.tally.refused, "out of order": self.tally.disorder}
        return [f"{count:,} changes {what}" for what, count in wrong.items() if count]

    def report(self, wrong: list[str]) -> str:
        twice = f", {self.tally.twice:,} of them twice" if self.tally.twice else ""
        delivered = f"{len(self.tally.ids):,} changes delivered to {self.receiver.url}, each verified and in order{twice}"
        return "\n".join([delivered, *(f"  but {words}" for words in wrong)])

    def stop(self) -> None:
        self.receiver.stop()
