"""An application that changes are delivered to: a small HTTP server in a thread, on this machine alone."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from store import StoreError

Take = Callable[[Mapping[str, str], bytes], int]  # headers, in lower case, and body; gives the status
OK, UNAUTHORIZED, UNAVAILABLE = 204, 401, 503
NEWEST = 200
TRIED = "test-"  # before the id of what somebody sent to try an endpoint


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
    """Takes what verifies, and sees whether each seller's changes come in order.

    Args:
        secrets: of all endpoints at this address by their id, as they are now: somebody may make a new one, or another endpoint, any time.
        since: the feed's position at the start: what is older was delivered in a run before, and may be sent again in between.
    """

    def __init__(self, secrets: Callable[[], Mapping[str, Sequence[str]]], since: int = 0) -> None:
        self.secrets, self.since = secrets, since
        self.endpoint = ""  # whose changes are counted, once it is known
        self.known: dict[str, str] = {}  # endpoint by secret
        self.ids: set[str] = set()
        self.last: Counter[str | None] = Counter()  # position of each seller's newest; None: the fleet's
        self.early: list[str] = []  # ids of changes that came after a later one
        self.verified = self.refused = 0
        self.newest: deque[tuple[Mapping[str, str], bytes]] = deque(maxlen=NEWEST)  # as they came: headers and body of what verified

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status of one delivery. What somebody sends to try an endpoint is taken, and not counted."""
        try:
            endpoint, content = self.verified_by(headers, body)
        except WebhookVerificationError:
            self.refused += 1
            return UNAUTHORIZED
        except StoreError:  # it is asked again
            return UNAVAILABLE
        self.newest.append((headers, body))
        if endpoint == self.endpoint and not headers["webhook-id"].startswith(TRIED):
            self.count(content["data"])
        return OK

    def verified_by(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Any]:
        """By which endpoint's secret it verifies, and what it says. Raises WebhookVerificationError: by none's.

        A secret of before stays known: what is signed with it may be on its way.
        """
        try:
            return self._verified(headers, body)
        except WebhookVerificationError:
            self.knows(self.secrets())
            return self._verified(headers, body)

    def _verified(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Any]:
        for secret, endpoint in self.known.items():
            with suppress(WebhookVerificationError):
                return endpoint, Webhook(secret).verify(body, dict(headers))
        raise WebhookVerificationError

    def knows(self, secrets: Mapping[str, Sequence[str]]) -> None:
        self.known |= {secret: endpoint for endpoint, all_of_it in secrets.items() for secret in all_of_it}

    def count(self, change: Mapping[str, Any]) -> None:
        self.verified += 1
        seller, position = change["seller_id"], change["position"]
        if change["id"] not in self.ids and self.since < position <= self.last[seller]:
            self.early.append(change["id"])
        self.last[seller] = max(self.last[seller], position)
        self.ids.add(change["id"])

    @property
    def twice(self) -> int:
        return self.verified - len(self.ids)

    def words(self) -> str:
        return f"{len(self.ids):,} delivered and verified" + (f", {self.refused:,} refused" if self.refused else "")
