"""How eBay misbehaves by hand, for a while: plain attributes, to be set at any time. `poison.py` has what lasts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulator.answers import Answer
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.wire import Wire


@dataclass
class Forced:
    """An answer to be given instead of the true one."""

    status: int
    body: str | bytes
    headers: dict[str, str] = field(default_factory=dict)
    resource: str | None = None  # None: whatever is asked next, tokens too
    times: int = 1  # that it is still to be given

    def answer(self) -> Answer:
        """As it is sent."""
        return Answer(self.status, self.body, self.headers)


@dataclass
class Faults:
    """What happens to the next answers, or to every Nth."""

    fail_every: int = 0  # every Nth API call is answered 500; token calls are spared
    fail_resource: str | None = None  # only calls of this resource count and fail
    latency_s: float | Callable[[Request], float] = 0.0
    before_answer: Callable[[Request], object] | None = None  # called for each call before its rows are read: change the world here
    after_answer: Callable[[Request], object] | None = None  # called when the answer stands, just before it leaves
    retry_after_s: int | None = None  # eBay is not known to send Retry-After with its 429
    forced: list[Forced] = field(default_factory=list)
    wires: list[tuple[Wire, str | None]] = field(default_factory=list)  # see `break_off`
    leaps: list[tuple[float, str | None]] = field(default_factory=list)  # see `leap`
    counted: int = 0

    def force(self, status: int, body: str | bytes | dict[str, Any], times: int = 1, resource: str | None = None, **headers: str) -> None:
        """The next `times` answers (of this resource) are these."""
        text = dumps(body) if isinstance(body, dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if times > 0:
            self.forced.append(Forced(status, text, named, resource, times))

    def break_off(self, wire: Wire, times: int = 1, resource: str | None = None) -> None:
        """The next `times` answers (of this resource) travel like this."""
        self.wires.extend((wire, resource) for _ in range(times))

    def leap(self, seconds: float, times: int = 1, resource: str | None = None) -> None:
        """The Date header of the next `times` answers (of this resource) is off by so much: ahead, or behind where it is less than 0."""
        self.leaps.extend((seconds, resource) for _ in range(times))

    def take_leap(self, resource: str) -> float:
        """Seconds by which the Date header of this answer is off; 0: by none."""
        for seconds, only in self.leaps:
            if only in (None, resource):
                self.leaps.remove((seconds, only))
                return seconds
        return 0.0

    def take_wire(self, resource: str) -> Wire | None:
        """How this answer travels, if not as it should."""
        for wire, only in self.wires:
            if only in (None, resource):
                self.wires.remove((wire, only))
                return wire
        return None

    def take(self, resource: str) -> Forced | None:
        """What is answered instead."""
        for forced in self.forced:
            if forced.resource in (None, resource):
                forced.times -= 1
                if not forced.times:
                    self.forced.remove(forced)
                return forced
        return None

    def fails(self, resource: str) -> bool:
        """Whether this call is the Nth."""
        if not self.fail_every or self.fail_resource not in (None, resource):
            return False
        self.counted += 1
        return self.counted % self.fail_every == 0
