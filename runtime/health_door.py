"""`/healthz` and `/readyz` of a process that serves no pages: some lines of HTTP, so that a worker loads no framework for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

PATIENCE_S = 5.0  # of whoever asks, until the question is whole
LONGEST = 8192  # bytes of it
WORDS = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}


class HealthBindError(Exception):
    """The address is taken, or not ours. Act: SELLERBEAT_HEALTH_BIND."""


@asynccontextmanager
async def health_door(bind: str | None, ready: Callable[[], dict[str, Any]]) -> AsyncIterator[None]:
    """Open while the block runs, at `host:port`; None: there is none.

    The event loop of the process answers, so one that is stuck does not answer either.

    Args:
        ready: the body of `/readyz`, with a field `ready`.
    Raises:
        HealthBindError: nothing can listen there.
    """
    if bind is None:
        yield
        return

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_answer(head, ready))
                await writer.drain()
        writer.close()

    host, _, port = bind.rpartition(":")
    try:
        server = await asyncio.start_server(answer, host.strip("[]"), int(port), limit=LONGEST)
    except OSError as error:
        raise HealthBindError(f"SELLERBEAT_HEALTH_BIND: cannot listen on {bind}: {error.strerror or error}") from None
    async with server:
        yield


def _answer(head: bytes, ready: Callable[[], dict[str, Any]]) -> bytes:
    method, path, *_ = [*head.split(b"\r\n", 1)[0].decode("ascii", "replace").split(), "", ""]
    path = path.partition("?")[0]
    found: dict[str, Any] = {"found": False}
    status = 404
    if method in ("GET", "HEAD") and path == "/healthz":
        status, found = 200, {"alive": True}
    elif method in ("GET", "HEAD") and path == "/readyz":
        found = ready()
        status = 200 if found["ready"] else 503
    body = json.dumps(found).encode() + b"\n"
    lines = (
        f"HTTP/1.1 {status} {WORDS[status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode() + (b"" if method == "HEAD" else body)
