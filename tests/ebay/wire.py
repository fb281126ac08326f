"""A tiny HTTP server that answers byte for byte as a test says: strict, rude, slow or broken."""

import socket
import socketserver
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from ebay.client import Ebay
from ebay.http import http_client
from ebay.oauth import OAuth

DATE = "Sun, 20 Oct 2024 07:17:49 GMT"


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def answer(body: bytes | str = b"{}", status: int = 200, **headers: str) -> bytes:
    """A whole answer; `Content_Encoding="gzip"` adds a header, `Date=""` takes it away."""
    body = body.encode() if isinstance(body, str) else body
    fields = {"Date": DATE, "Content-Type": "application/json", "Content-Length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Some Reason", *(f"{name}: {value}" for name, value in fields.items() if value)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


Answer = bytes | Callable[[socket.socket], None]


@dataclass
class Wire:
    """`answers` are given in turn, the last one for ever: bytes, or a function that does what it likes with the socket."""

    url: str = ""
    answers: list[Answer] = field(default_factory=lambda: [answer()])
    requests: list[Request] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        wire = cast(Server, self.server).wire
        while (line := self.rfile.readline()) and not wire.stopped.is_set():
            method, target, _ = line.decode().split(" ")
            headers = {}
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            wire.requests.append(Request(method, target, headers, self.rfile.read(int(headers.get("content-length", 0)))))
            action = wire.answers.pop(0) if len(wire.answers) > 1 else wire.answers[0]
            if callable(action):
                action(self.connection)
                return
            self.connection.sendall(action)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    wire: Wire

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what some tests are about."""


@contextmanager
def serve() -> Iterator[Wire]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.wire = Wire(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.wire
        server.wire.stopped.set()
        server.shutdown()
        thread.join()


@dataclass
class Tokens:
    """Gives `token-1`, and at each renewal the next; remembers what was refused."""

    refused: list[str] = field(default_factory=list)

    def current(self, seller_id: str) -> str:
        return f"token-{len(self.refused) + 1}"

    def renewed(self, seller_id: str, refused: str) -> str:
        self.refused.append(refused)
        return self.current(seller_id)

    def belongs(self, seller_id: str, consent: Hashable, now: datetime | None = None) -> None:
        pass

    def revived(self, seller_id: str) -> bool:
        return False


@contextmanager
def client(wire: Wire, tokens: Tokens | None = None, timeout_s: float = 60, max_body: int = 1_000_000) -> Iterator[Ebay]:
    with http_client(4) as http:
        oauth = OAuth(http, wire.url, "client-id", "client-secret", timeout_s)
        yield Ebay(wire.url, tokens or Tokens(), oauth, http, timedelta(seconds=timeout_s), max_body)
