"""The simulated eBay without a socket: each request is answered at once, in the caller's own thread, so that a run can be repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from simulator import World
from simulator.app import App


class Unread(httpx.SyncByteStream):
    """A body that is still to be read, as one from a socket is; httpx takes plain bytes as read already."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self.body


class InProcess(httpx.BaseTransport):
    """Answers for whatever world is the current one."""

    def __init__(self, world: Callable[[], World]) -> None:
        self.world = world
        self.loop = asyncio.new_event_loop()  # of this caller's thread; a report of many listings comes in pieces

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body, reported = request.read(), []
        scope = {
            "type": "http",
            "method": request.method,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            reported.append(message)

        self.loop.run_until_complete(App(self.world())(scope, receive, send))  # type: ignore[arg-type]
        body = b"".join(message.get("body", b"") for message in reported[1:])
        return httpx.Response(reported[0]["status"], headers=reported[0]["headers"], stream=Unread(body))

    def close(self) -> None:
        self.loop.close()
