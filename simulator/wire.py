"""An answer on a connection that does not do what it should."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from typing import Any

from starlette.types import Receive, Send

PIECES = 20


@dataclass(frozen=True)
class Wire:
    """How an answer travels."""

    after: int | None = None  # bytes of the body that leave; None: all of them
    end: str = ""  # then: "reset" by TCP, "close" in order but too early, "" as it should be
    silent: bool = False  # not even the headers leave
    seconds: float = 0.0  # that the body takes, in small pieces


async def send_badly(wire: Wire, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, receive: Receive, send: Send) -> None:
    """Send what the wire lets through. A connection that is to end so is over when this returns."""
    if not wire.silent:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        part = body if wire.after is None else body[: wire.after]
        if wire.end:
            part = part[: max(0, len(body) - 1)]  # a whole answer would not be cut
        edges = sorted({len(part) * k // PIECES for k in range(PIECES + 1)}) if wire.seconds else [0, len(part)]
        for start, end in pairwise(edges):
            await asyncio.sleep(wire.seconds / PIECES)
            await send({"type": "http.response.body", "body": part[start:end], "more_body": True})
        if not wire.end:
            await send({"type": "http.response.body", "body": b""})
    if wire.end:
        await asyncio.sleep(0.005)  # what was sent leaves first
        await hang_up(wire.end, receive, send)


async def hang_up(how: str, receive: Receive, send: Send) -> None:
    """ASGI has no word for this; uvicorn's `send` belongs to an object that knows the connection."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("this server does not show its connections")
    if how == "reset":
        with suppress(OSError, ValueError):  # the client was quicker: there is no socket any more
            transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
