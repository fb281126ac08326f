"""A bad network on loopback: a TCP proxy in front of eBay, of Postgres, of anything. In a thread of its own.

    with FaultProxy("127.0.0.1", 5432) as proxy:
        ...  # connect to proxy.host, proxy.port
        proxy.next("reset", 3, after=100)       # the next three exchanges
        proxy.faults.slow = 0.1                 # from now on every tenth, by the seed
        proxy.down(); proxy.up()                # nobody listens: connections are refused by the system
        proxy.freeze(); proxy.thaw()            # the cable is out: nothing passes, nothing ends

An *exchange* is what a client sends and what it gets until it sends again: an HTTP request, a step of a database session. The first one
begins with the connection. So faults hit kept-alive connections too.

By hand: `python -m simulator.proxy HOST:PORT`, see `__main__.py`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeVar

from simulator.proxy.line import Line, Plan

KINDS = "refuse", "hang", "garbage", "reset", "half_close", "slow"
T = TypeVar("T")


@dataclass
class LineFaults:
    """Shares of exchanges from 0 to 1, drawn in this order, and how they go. To be set at any time."""

    refuse: float = 0.0  # a TCP reset instead of an answer; what was sent never arrives
    hang: float = 0.0  # nothing is passed on, nothing comes back
    garbage: float = 0.0  # bytes that mean nothing instead of an answer, then the end; what was sent never arrives
    reset: float = 0.0  # what was sent arrives; the answer (if it is shorter, a later one) ends in a TCP reset after `after` bytes
    half_close: float = 0.0  # the same, with an orderly end of this direction only
    slow: float = 0.0  # the answer begins `delay_s` late and drips at `bytes_a_second`
    after: int | None = None  # None: drawn, 0 to 2,000
    delay_s: float = 0.5
    bytes_a_second: float = 20_000.0


class FaultProxy:
    """
    Args:
        port: of the proxy; 0 takes a free one.
        seed: of the draws; the n-th exchange always meets the same ones.
    """

    def __init__(self, target_host: str, target_port: int, *, port: int = 0, seed: int = 1, faults: LineFaults | None = None) -> None:
        self.target, self.host, self.port, self.seed = (target_host, target_port), "127.0.0.1", port, seed
        self.faults = faults or LineFaults()
        self.planned: list[Plan] = []
        self.done: Counter[str] = Counter()  # faults by kind; `connections`, `exchanges`
        self.frozen = False
        self.lines: set[Line] = set()
        self.lock = threading.Lock()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="fault proxy", daemon=True)
        self.server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where the proxy listens, for HTTP."""
        return f"http://{self.host}:{self.port}"

    def __enter__(self) -> FaultProxy:
        """
        Raises:
            OSError: the port is taken.
        """
        self.thread.start()
        try:
            self.up()
        except OSError:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._run(self._gone())
        self._end()

    # by hand

    def next(self, kind: str, times: int = 1, **how: Any) -> None:
        """The next `times` exchanges. `how`: `after`, `delay_s`, `bytes_a_second`, as in `faults`.

        Raises:
            ValueError: there is no such fault.
        """
        if kind not in KINDS:
            raise ValueError(f"no fault {kind}; there are {', '.join(KINDS)}")
        with self.lock:
            self.planned.extend([replace(self._plan(kind, Random(f"{self.seed}:{kind}")), **how)] * times)

    def stop(self) -> None:
        """No faults from the next exchange on. Connections that hang still hang: see `cut`."""
        with self.lock:
            self.planned.clear()
            self.faults = LineFaults()

    def down(self, cut: bool = True) -> None:
        """Nobody listens any more; with `cut`, all connections are reset. Again is no harm."""
        self._run(self._down())
        if cut:
            self.cut()

    def up(self) -> None:
        """It listens (again), on the same port. Again is no harm."""
        if not self.server:
            self.server = self._run(asyncio.start_server(self._serve, self.host, self.port, limit=1 << 18))
            self.port = self.server.sockets[0].getsockname()[1]

    def cut(self) -> int:
        """Reset every connection now. Gives how many there were."""
        return self._call(self._cut)

    def freeze(self) -> None:
        """Connections are taken, and nothing passes, until `thaw`; then what was sent meanwhile arrives."""
        self.frozen = True
        self.done["freeze"] += 1

    def thaw(self) -> None:
        """The cable is in again."""
        self.frozen = False

    # in the thread

    def draw(self) -> Plan | None:
        """What the exchange that begins now will meet."""
        with self.lock:
            self.done["exchanges"] += 1
            if self.planned:
                return self.planned.pop(0)
            faults, number = self.faults, self.done["exchanges"]
            for kind in KINDS:
                rate = getattr(faults, kind)
                if rate and (rng := Random(f"{self.seed}:{kind}:{number}")).random() < rate:
                    return self._plan(kind, rng)
        return None

    def _plan(self, kind: str, rng: Random) -> Plan:
        faults = self.faults
        after = rng.randrange(2_001) if faults.after is None else faults.after
        return Plan(kind, after, faults.delay_s, faults.bytes_a_second, rng.randbytes(rng.randint(20, 400)) + b"\r\n\r\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.done["connections"] += 1
        line = Line(self, reader, writer)
        self.lines.add(line)
        try:
            await line.run()
        finally:
            line.reset()
            self.lines.discard(line)

    async def _down(self) -> None:
        if self.server:
            self.server.close()
            self.server = None

    def _cut(self) -> int:
        lines = list(self.lines)
        for line in lines:
            line.reset()
        self.done["cut"] += len(lines)
        return len(lines)

    async def _gone(self) -> None:
        """Every connection's task is over."""
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)  # transports end a turn later

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(timeout=10)

    def _call(self, function: Callable[[], T]) -> T:
        async def called() -> T:
            return function()

        return self._run(called())

    def _end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=10)
        self.loop.close()
