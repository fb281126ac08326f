"""A site that listens, in this process, and a door by which a program in Node has it changed: `POST /sell {"numbers": [1]}`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from activities.delivering.signing import signed
from domain.delivery import Message, compose
from operations.catalogue.samples import sample
from store import Store
from tests.clients.conftest import served
from tests.store.documents import enroll, order, sale, store_orders
from tests.support.databases import EMPTY
from tests.web.site import TOKEN


def sell(store: Store, numbers: list[int], seller: str = "anna") -> None:
    """Each is one order and its sale: an `order.created` and an `inventory.sold`."""
    for number in numbers:
        store_orders(store, order(f"o-{number}", **sale(f"{number}")), seller_id=seller)


class Door:
    """Commands by their names; each takes and answers JSON."""

    def __init__(self, store: Store, sites: ExitStack) -> None:
        self.store, self.sites = store, sites

    def fresh(self) -> Any:
        """An empty store with one seller, and a site on it."""
        self.sites.close()
        with self.store.engine.begin() as connection:
            connection.exec_driver_sql(EMPTY)
        enroll(self.store, "anna")
        return {"url": self.sites.enter_context(served(self.store))[0], "token": TOKEN}

    def enroll(self, sellers: list[str]) -> Any:
        for seller in sellers:
            enroll(self.store, seller)

    def sell(self, numbers: list[int], seller: str = "anna") -> Any:
        sell(self.store, numbers, seller)

    def events(self) -> Any:
        return list(self.store.feed.read())

    def restore(self) -> Any:
        self.store.restores.renew()

    def standing(self) -> Any:
        return {"position": self.store.feed.last(), "feed": self.store.restores.standing().generation}

    def sign(self, type: str, secrets: list[str], thin: bool = False, late_s: float = 0, **fields: Any) -> Any:  # noqa: A002 - as on the wire
        """A delivery as the product makes and signs it."""
        return self._signed(compose({**sample(type), **fields}, thin), secrets, late_s)

    def sign_text(self, body: str, secrets: list[str]) -> Any:
        return self._signed(Message(id="e-1", body=body, thin=False), secrets)

    def _signed(self, message: Message, secrets: list[str], late_s: float = 0) -> Any:
        return {"headers": signed(message, secrets, datetime.now(UTC) - timedelta(seconds=late_s)), "body": message.body}


@contextmanager
def opened(store: Store) -> Iterator[str]:
    """The door's address."""
    with ExitStack() as sites:
        door = Door(store, sites)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                given = json.loads(self.rfile.read(int(self.headers["content-length"])))
                act: Callable[..., Any] = getattr(door, self.path.removeprefix("/"))
                answer = json.dumps(act(**given), default=str).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
