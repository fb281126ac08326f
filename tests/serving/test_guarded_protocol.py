"""Real sockets, short deadlines: who says nothing, half of something or nonsense is gone, and everybody else is served."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import pytest
import uvicorn

from serving.connections import Closing, ConnectionLimits, Connections
from serving.guarded_protocol import LONGEST_HEAD, GuardedProtocol, close, guarded
from tests.support.waiting import PATIENCE_S

SHORT = ConnectionLimits(most=20, most_of_a_peer=20, head_s=0.3, body_s=0.3)
WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431"
Message = dict[str, Any]


class Site:
    """An app that reads a body whole, and answers; `/wait` only once it is told to."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.go_on, self.port = asyncio.Event(), 0
        self.connections: Connections[GuardedProtocol] = Connections(limits, close)
        self.broken_off = 0

    async def app(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
        if scope["path"] == "/wait":
            await self.go_on.wait()
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.broken_off += 1
                return
            size, more = size + len(message["body"]), message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    @property
    def closed(self) -> dict[Closing, int]:
        return dict(self.connections.closed)


@asynccontextmanager
async def serving(limits: ConnectionLimits = SHORT) -> AsyncIterator[Site]:
    site = Site(limits)
    config = uvicorn.Config(
        site.app, interface="asgi3", http=guarded(site.connections), lifespan="off", log_config=None, access_log=False,
        h11_max_incomplete_event_size=LONGEST_HEAD, timeout_keep_alive=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[assignment, method-assign]
    with socket.create_server(("127.0.0.1", 0)) as listening:
        site.port = listening.getsockname()[1]
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield site
        site.go_on.set()
        server.should_exit = True
        await running


async def opened(site: Site, said: bytes = b"", source: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port, local_addr=(source, 0))
    writer.write(said)
    return reader, writer


async def to_the_end(site: Site, said: bytes) -> bytes:
    reader, writer = await opened(site, said)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def answer(site: Site) -> bytes:
    return (await to_the_end(site, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))[:12]


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        (b"", b"", Closing.SILENT),
        (b"GET / HT", b"HTTP/1.1 408", Closing.SLOW_HEAD),
        (WHOLE + b"GET / HT", b"HTTP/1.1 200", Closing.SLOW_HEAD),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", b"", Closing.SLOW_BODY),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", b"", Closing.SLOW_BODY),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a handshake of TLS\r\n\r\n", b"HTTP/1.1 400", Closing.MALFORMED),
        (b"GET /" + b"a" * (LONGEST_HEAD + 1), b"HTTP/1.1 414", Closing.MALFORMED),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * (LONGEST_HEAD + 1), TOO_LONG, Closing.MALFORMED),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200_000, TOO_LONG, Closing.MALFORMED),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 400", Closing.MALFORMED),
    ],
)
async def test_who_says_nothing_half_of_something_or_nonsense_is_gone_in_time(
    said: bytes, status: bytes, why: Closing, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as site:
        answered = await to_the_end(site, said)

        assert answered[:12] == status
        assert site.closed == {why: 1}
        assert await answer(site) == b"HTTP/1.1 200"
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


async def test_a_byte_now_and_then_does_not_put_the_deadline_off() -> None:
    async with serving() as site:
        reader, writer = await opened(site)
        gone = asyncio.create_task(reader.read())
        for _ in range(2000):
            if gone.done():
                break
            writer.write(b"G" if not site.closed else b"")
            await asyncio.sleep(0.02)

        assert (await gone).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_who_waits_for_an_answer_may_wait_longer_than_any_deadline() -> None:
    async with serving() as site:
        reader, writer = await opened(site, b"GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert await to_the_end(site, b"") == b""  # another's deadline is over by then, and one more
        assert await to_the_end(site, b"GET /") != b""
        site.go_on.set()

        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_body_that_comes_slowly_but_in_time_is_read() -> None:
    async with serving(ConnectionLimits(body_s=PATIENCE_S, head_s=PATIENCE_S)) as site:
        reader, writer = await opened(site, b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\n")
        for byte in (b"a", b"b", b"c", b"d"):
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(0.05)

        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_crowd_that_says_nothing_keeps_nobody_out() -> None:
    limits = ConnectionLimits(most=10, most_of_a_peer=5, head_s=PATIENCE_S)
    async with serving(limits) as site:
        crowd = [await opened(site, source=f"127.0.0.{peer}") for peer in range(2, 10) for _ in range(10)]

        assert await answer(site) == b"HTTP/1.1 200"
        assert len(site.connections) <= limits.most
        assert site.closed.keys() == {Closing.CROWDED, Closing.PEER_CROWDED}
        for _, writer in crowd:
            writer.close()


async def test_one_peer_that_asks_without_end_leaves_room_for_the_others() -> None:
    async with serving(ConnectionLimits(most=10, most_of_a_peer=3)) as site:
        asking = [await opened(site, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", source="127.0.0.2") for _ in range(6)]
        while site.closed.get(Closing.PEER_CROWDED, 0) < 3:
            await asyncio.sleep(0.01)

        assert await answer(site) == b"HTTP/1.1 200"
        assert len(site.connections) == 3
        for _, writer in asking:
            writer.close()


async def test_a_hang_up_in_the_middle_of_a_body_reaches_the_app() -> None:
    async with serving() as site:
        assert await to_the_end(site, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc") == b""
        while not site.broken_off:
            await asyncio.sleep(0.01)

        assert site.broken_off == 1
