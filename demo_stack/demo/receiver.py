"""An application that changes are delivered to: a small HTTP server in a thread, on this machine alone."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

Take = Callable[[Mapping[str, str], bytes], int]  # headers, in lower case, and body; gives the status
OK, UNAUTHORIZED = 204, 401


class Receiver:
    """Listens as soon as it is made; `take` is called in its own thread, one after another."""

    def __init__(self, take: Take, port: int = 0) -> None:
        self.take = take
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", port, limit=2**22))
        self.port: int = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/changes"
        self.thread = threading.Thread(target=self.loop.run_forever, name="receiver", daemon=True)
        self.thread.start()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):  # the caller left, or we stop
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = (line.partition(":") for line in head.split("\r\n")[1:] if line)
                headers = {name.lower(): value.strip() for name, _, value in lines}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                writer.write(f"HTTP/1.1 {self.take(headers, body)} Taken\r\ncontent-length: 0\r\n\r\n".encode())
                await writer.drain()
        writer.close()

    def stop(self) -> None:
        async def end() -> None:
            self.server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


class DeliveryTally:
    """Takes what verifies, and sees whether each seller's changes come in order."""

    def __init__(self) -> None:
        self.webhook: Webhook | None = None  # until the secret is known nothing verifies
        self.ids: set[str] = set()
        self.first: dict[str | None, int] = {}  # sequence of each seller's first; None: the fleet's, by position
        self.last: Counter[str | None] = Counter()  # of their newest
        self.verified = self.refused = self.disorder = 0

    def knows(self, secret: str) -> None:
        self.webhook = Webhook(secret)

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        try:
            if self.webhook is None:
                raise WebhookVerificationError
            content = self.webhook.verify(body, dict(headers))
        except WebhookVerificationError:
            self.refused += 1
            return UNAUTHORIZED
        if content["type"] != "endpoint.test":
            self.count(content["data"])
        return OK

    def count(self, change: Mapping[str, Any]) -> None:
        self.verified += 1
        seller, sequence = change["seller_id"], change["sequence"] or change["position"]
        first = self.first.setdefault(seller, sequence)  # what is older was delivered in a run before, and is sent again
        if change["id"] not in self.ids and first < sequence <= self.last[seller]:
            self.disorder += 1
        self.last[seller] = max(self.last[seller], sequence)
        self.ids.add(change["id"])

    @property
    def twice(self) -> int:
        return self.verified - len(self.ids)

    def words(self) -> str:
        return f"{len(self.ids):,} delivered and verified" + (f", {self.refused:,} refused" if self.refused else "")
