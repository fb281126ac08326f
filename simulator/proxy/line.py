"""One connection through the proxy: two streams, and the fault that its exchange in hand meets."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import Protocol

CHUNK = 65_536
TICK_S = 0.02
ENDING = "reset", "half_close"


@dataclass(frozen=True)
class Plan:
    """One fault, and how it goes."""

    kind: str
    after: int  # bytes of the answer that still pass
    delay_s: float
    bytes_a_second: float
    garbage: bytes = field(repr=False)


class Network(Protocol):
    """What a line asks its proxy for."""

    target: tuple[str, int]
    done: Counter[str]
    frozen: bool

    def draw(self) -> Plan | None:
        """What the exchange that begins now will meet; None: nothing."""


class Line:
    """A client and the target, and the exchange in hand."""

    def __init__(self, network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.network, self.reader, self.writer = network, reader, writer
        self.far: asyncio.StreamWriter | None = None
        self.plan: Plan | None = None
        self.passed = 0  # bytes of the answer in hand
        self.asking = False  # the client spoke last
        self.over = asyncio.Event()  # the client has said all

    async def run(self) -> None:
        """Until both sides have said all, or a fault ends it."""
        self._begin()
        if self.plan and self.plan.kind == "refuse":
            self._did("refuse")
            return
        try:
            far_reader, self.far = await asyncio.open_connection(*self.network.target, limit=1 << 18)
        except OSError:
            return  # nobody there; the client hears of it by a reset
        ways = asyncio.ensure_future(self._there()), asyncio.ensure_future(self._back(far_reader))
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            if all(way.done() and not way.exception() for way in ways):
                self.writer.close()
                self.far.close()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    def reset(self) -> None:
        """Both sides hear of it at once, by a TCP reset. After an end in order it does nothing."""
        for writer in (self.writer, self.far):
            if writer and not writer.transport.is_closing():
                writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
                writer.transport.abort()

    def _begin(self) -> None:
        self.asking = True
        if self.plan is None or self.plan.kind not in ENDING:  # one that ends the answer waits until so many bytes have passed
            self.plan, self.passed = self.network.draw(), 0

    def _did(self, kind: str) -> None:
        self.network.done[kind] += 1

    async def _there(self) -> None:
        """What the client says."""
        assert self.far
        while data := await self.reader.read(CHUNK):
            if not self.asking:
                self._begin()
            await self._thawed()
            if self.plan and self.plan.kind in ("refuse", "hang", "garbage"):
                await self._not_passed(self.plan)
            self.far.write(data)
            await self.far.drain()
        self.over.set()
        if self.far.can_write_eof():
            self.far.write_eof()

    async def _not_passed(self, plan: Plan) -> None:
        self._did(plan.kind)
        if plan.kind == "hang":
            while await self.reader.read(CHUNK):
                pass
        elif plan.kind == "garbage":
            self.writer.write(plan.garbage)
            await self.writer.drain()
            self.writer.close()
        raise ConnectionResetError(plan.kind)

    async def _back(self, far_reader: asyncio.StreamReader) -> None:
        """What the target answers."""
        while data := await far_reader.read(CHUNK):
            await self._thawed()
            await self._pass(data)
            self.asking = False
        await self._thawed()
        if self.writer.can_write_eof():
            self.writer.write_eof()

    async def _pass(self, data: bytes) -> None:
        plan = self.plan
        if plan and plan.kind in ENDING and self.passed + len(data) > plan.after:
            self.writer.write(data[: plan.after - self.passed])
            await self.writer.drain()
            self._did(plan.kind)
            if plan.kind == "reset":
                await asyncio.sleep(TICK_S)  # what was sent leaves first
                raise ConnectionResetError(plan.kind)
            self.writer.write_eof()
            await self.over.wait()  # the other direction goes on until the client has enough
            raise ConnectionAbortedError(plan.kind)
        if plan and plan.kind == "slow":
            await self._drip(plan, data)
        else:
            self.writer.write(data)
            await self.writer.drain()
        self.passed += len(data)

    async def _drip(self, plan: Plan, data: bytes) -> None:
        if not self.passed:
            self._did("slow")
            await asyncio.sleep(plan.delay_s)
        step = max(1, int(plan.bytes_a_second * TICK_S))
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(len(piece) / max(plan.bytes_a_second, 0.1))

    async def _thawed(self) -> None:
        while self.network.frozen:
            await asyncio.sleep(TICK_S)
