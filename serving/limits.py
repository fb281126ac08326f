"""How often a token may ask: a bucket each, so that one app's mistake takes nothing from the others."""

from __future__ import annotations

from collections.abc import Callable

from serving.problems import ProblemError

A_SECOND, AT_ONCE = 300.0, 600.0  # requests of one token; 200 `active` a second must pass
MOST = 10_000  # tokens that asked lately


class Limits:
    """Token buckets by name; `clock`: seconds."""

    def __init__(self, clock: Callable[[], float], a_second: float = A_SECOND, at_once: float = AT_ONCE) -> None:
        self._clock, self._a_second, self._at_once = clock, a_second, at_once
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, who: str) -> None:
        """Count one request. Raises ProblemError 429, with Retry-After in whole seconds."""
        now = self._clock()
        if len(self._left) > MOST:
            self._left.clear()
        left, at = self._left.get(who, (self._at_once, now))
        left = min(self._at_once, left + (now - at) * self._a_second)
        if left < 1:
            self._left[who] = left, now
            raise ProblemError(429, f"this token asks more than {self._a_second:.0f} times a second", {"Retry-After": "1"})
        self._left[who] = left - 1, now
