"""The demo's endpoint: a receiver that verifies what it gets, over all runs in the folder."""

from __future__ import annotations

import time

from demo_stack.demo.home import Home
from demo_stack.demo.receiver import DeliveryTally, Receiver
from store import Store, UnknownEndpointError

PATIENCE_S = 120.0  # a loaded machine; some 2 s are usual
PAUSE_S = 0.1
TYPES = ("*",)
NEWEST = 100_000  # attempts, among which those that somebody asked for are looked for


class DemoEndpoint:
    def __init__(self, home: Home, store: Store) -> None:
        self.store = store
        self.tally = DeliveryTally(self.secrets, since=store.feed.last())
        self.receiver = Receiver(self.tally.take, home.port("receiver"))
        self.endpoint = self.enter(self.receiver.url)

    def enter(self, url: str) -> str:
        """The endpoint of the runs before, which goes on where it was, with a new secret; or a new one. Its id."""
        ours = next((one.id for one in self.store.endpoints.all() if one.url == url), None)
        if ours is None:
            self.tally.endpoint = self.store.endpoints.add(url, TYPES)[0]
            return self.tally.endpoint
        self.tally.endpoint = ours
        self.tally.knows(self.secrets())  # the worker may be delivering already
        self.store.endpoints.rotate(ours)
        self.store.endpoints.drop_old(ours)
        self.store.endpoints.switch_on(ours)
        return ours

    def secrets(self) -> dict[str, list[str]]:
        """By id, of every endpoint at the receiver's address: somebody may add another one there."""
        at_ours = [one.id for one in self.store.endpoints.all() if one.url == self.receiver.url]
        return {endpoint: self.store.endpoints.secrets(endpoint) for endpoint in at_ours}

    def excuse(self) -> str | None:
        """Why it cannot be waited for: somebody tried the buttons. None: it is as it was made."""
        try:
            one = self.store.endpoints.one(self.endpoint)
        except UnknownEndpointError:
            return f"the endpoint {self.endpoint} was removed: its deliveries are not judged"
        if one.url != self.receiver.url:
            return f"the endpoint {self.endpoint} has another address now: its deliveries are not judged"
        if one.off_at is None:
            return None
        waiting = self.store.deliveries.waiting(self.endpoint).changes
        return f"the endpoint {self.endpoint} is switched off ({one.off_reason}): {waiting:,} changes wait for it, which is not judged"

    def settle(self, patience_s: float = PATIENCE_S) -> list[str]:
        """Wait until nothing waits. Returns what is wrong, in words; [] when all went well, or somebody switched it off."""
        deadline = time.monotonic() + patience_s
        while (left := self.waiting()) and time.monotonic() < deadline:
            time.sleep(PAUSE_S)
        wrong = {"not delivered": left, "did not verify": self.tally.refused, "out of order": self.out_of_order()}
        return [f"{count:,} change{'s' * (count > 1)} {what}" for what, count in wrong.items() if count]

    def waiting(self) -> int:
        return 0 if self.excuse() else self.store.deliveries.waiting(self.endpoint).changes

    def out_of_order(self) -> int:
        """What was asked for again comes behind what is new, and may have been of no type that was sent before."""
        if not self.tally.early:
            return 0
        again = {row["event_id"] for row in self.store.deliveries.log(self.endpoint, limit=NEWEST) if row["replayed"]}
        return len(set(self.tally.early) - again)

    def report(self, wrong: list[str]) -> str:
        twice = f", {self.tally.twice:,} of them once more" if self.tally.twice else ""
        delivered = f"{len(self.tally.ids):,} changes delivered to {self.receiver.url}, each verified and in order{twice}"
        excuse = self.excuse()
        return "\n".join([delivered, *(f"  but {words}" for words in wrong), *([f"  {excuse}"] if excuse else [])])

    def stop(self) -> None:
        self.receiver.stop()
