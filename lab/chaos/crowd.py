"""Who attacks `web.py` in `door.py`: `python -m lab.chaos.crowd KIND PORT SECONDS`, a process of its own; loopback only.

Bounded in count and time. Each of many connections comes from one of 127.0.1.0 to 127.0.1.199, as if from so many peers; what is closed
is opened again, some times. Prints how many were opened, what was answered and how many were hung up, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

TLS = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200)
GIGABYTE = 1 << 30
PEERS, AGAIN, AT_ONCE = 200, 3, 200
PAUSE_S = 2.0


@dataclass(frozen=True)
class CrowdKind:
    """`most`: connections at a time."""

    words: str
    most: int


KINDS = {
    "silent": CrowdKind("1,100 that say nothing", 1100),
    "idle": CrowdKind("5,000 that say nothing and 500 slow heads", 5500),
    "many": CrowdKind("10,000 that say nothing", 10_000),
    "heads": CrowdKind("500 heads, a byte every 2 s", 500),
    "bodies": CrowdKind("500 bodies, a byte every 2 s", 500),
    "bombs": CrowdKind("200 heads of 1 MB", 200),
    "chunks": CrowdKind("500 chunks that are none", 500),
    "tls": CrowdKind("500 in TLS", 500),
    "huge": CrowdKind("4 bodies of 1 GB", 4),
    "forged": CrowdKind("200 at a time, notifications under keys that are none", 200),
}


@dataclass
class Crowd:
    kind: str
    port: int
    ends: float
    opened: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    async def one(self, number: int) -> None:
        for _ in range(AGAIN):
            if self.left() <= 0:
                return
            try:
                peer = f"127.0.1.{number % PEERS}"
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(peer, 0))
            except OSError as error:
                self.answers[f"not let in ({os.strerror(error.errno or 0)})"] += 1
                await asyncio.sleep(PAUSE_S)
                continue
            self.opened += 1
            await self.talk(number, reader, writer)

    async def talk(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reading = asyncio.create_task(reader.read(65536))
        with suppress(OSError):
            async for part in self.said(number):
                if reading.done() or self.left() <= 0:
                    break
                writer.write(part)
                await writer.drain()
        await asyncio.wait([reading], timeout=max(self.left(), 0))
        try:
            answer = reading.result() if reading.done() else None
        except OSError:
            answer = b""
        self.answers["held" if answer is None else "hung up" if not answer else answer[9:12].decode("ascii", "replace")] += 1
        reading.cancel()
        writer.transport.abort()

    async def said(self, number: int) -> AsyncIterator[bytes]:
        kind = "heads" if self.kind == "idle" and number >= 5000 else self.kind
        if kind == "heads":
            yield b"GET /healthz HTTP/1.1\r\nX: "
            while True:
                await asyncio.sleep(PAUSE_S)
                yield b"a"
        if kind == "bodies":
            yield b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 9999\r\n\r\n"
            while True:
                await asyncio.sleep(PAUSE_S)
                yield b"a"
        if kind == "bombs":
            yield b"GET /healthz HTTP/1.1\r\n" + b"X: a\r\n" * 170_000
        if kind == "chunks":
            yield b"POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nno chunk\r\n"
        if kind == "tls":
            yield TLS
        if kind == "huge":
            yield b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % GIGABYTE
            for _ in range(GIGABYTE // 65536):
                yield bytes(65536)
        if kind == "forged":
            claim = {"alg": "ecdsa", "kid": str(uuid4()), "signature": b64encode(bytes(70)).decode(), "digest": "SHA1"}
            header = b64encode(json.dumps(claim).encode())
            yield b"POST /ebay/notifications HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-EBAY-SIGNATURE: " + header
            yield b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    def left(self) -> float:
        return self.ends - asyncio.get_running_loop().time()


async def gather(kind: str, port: int, seconds: float) -> Crowd:
    crowd, gate = Crowd(kind, port, asyncio.get_running_loop().time() + seconds), asyncio.Semaphore(AT_ONCE)

    async def begun(number: int) -> None:
        async with gate:  # so that they come one soon after another, and not all in one moment
            await asyncio.sleep(0)
        await crowd.one(number)

    await asyncio.gather(*(begun(number) for number in range(KINDS[kind].most)))
    return crowd


def main() -> None:
    kind, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = asyncio.run(gather(kind, port, seconds))
    sys.stdout.write(json.dumps({"opened": crowd.opened, "answers": dict(crowd.answers.most_common())}))


if __name__ == "__main__":
    main()
