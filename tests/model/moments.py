"""The moments of a step in which it may die, or hang until its retry is through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, event

from ebay.http import Answer, Exchange


class Died(BaseException):
    """The process is gone: no `except` of the step may notice."""


class Moments:
    """Before and after each call to eBay, each statement, and before each COMMIT: counted down to a death.

    After a COMMIT is before what comes next, or, behind the last one, when the result is lost.
    """

    def __init__(self, engine: Engine) -> None:
        self.left: int | None = None  # None: nobody dies
        self.stream: str | None = None  # whose steps count; None: everybody's
        self.then: int | None = None  # the same for who comes after the dead
        self.running: str | None = None  # the stream whose step runs
        self.calls_left: int | None = None  # to the call around which the step hangs
        self.meanwhile: Callable[[], None] | None = None
        for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
            event.listen(engine, name, self.passed)

    def passed(self, *_: Any) -> None:
        if self.left is None or self.stream not in (None, self.running):
            return
        if self.left == 0:
            self.left, self.then = self.then, None
            raise Died
        self.left -= 1

    def called(self) -> None:
        """A step's call to eBay is about to leave, or its answer is there; no lock of ours is held."""
        if self.calls_left is None:
            return
        if self.calls_left == 0:
            self.calls_left = None
            assert self.meanwhile
            self.meanwhile()
        else:
            self.calls_left -= 1

    def spare(self) -> None:
        self.left = self.then = self.stream = self.running = self.calls_left = self.meanwhile = None


class Watched(Exchange):
    """An exchange with eBay whose every request has two such moments. `tokens`: the caller holds the token's lock."""

    def __init__(self, inner: Exchange, moments: Moments, tokens: bool) -> None:
        self.inner, self.moments, self.tokens = inner, moments, tokens

    def send(self, method: str, url: str, headers: list[tuple[bytes, bytes]], content: bytes | None = None) -> Answer:
        self._pass()
        answer = self.inner.send(method, url, headers, content)
        self._pass()
        return answer

    def download(self, *request: Any, **more: Any) -> Answer:
        self._pass()
        answer = self.inner.download(*request, **more)
        self._pass()
        return answer

    def _pass(self) -> None:
        self.moments.passed()
        if not self.tokens:
            self.moments.called()


def die_in(moments: Moments, number: int, acts: Sequence[Callable[[], object]]) -> None:
    """Do these one after another, and die at that moment of them; then do them all again, as people do."""
    moments.left = number
    try:
        for act in acts:
            act()
    except Died:
        for act in acts:
            act()
    finally:
        moments.left = None
