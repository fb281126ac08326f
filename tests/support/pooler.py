"""A pooler before Postgres, as small as one can be: each login brings a session, which it keeps, or shares with all clients."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import make_url

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104
ASKS_BACK = (3, 5, 10, 11)  # kinds of authentication after which the client speaks


class Pooler:
    """Hands the session that was used longest ago to whoever begins a transaction; in session mode each client keeps its own."""

    def __init__(self, url: str, shares: bool) -> None:
        self.shares = shares
        self.queries = 0  # messages of clients after their login
        address = make_url(url)
        self.server = address.host or "127.0.0.1", address.port or 5432
        self.free: deque[socket.socket] = deque()
        self.change = threading.Condition()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = address.set(host="127.0.0.1", port=self.listening.getsockname()[1]).render_as_string(hide_password=False)
        self.open = [self.listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in self.open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        with suppress(OSError, EOFError), client:
            server = self._log_in(client)
            if self.shares:
                self._release(server)
                server = None
            while (message := _message(client))[:1] != b"X":
                self.queries += 1
                server = server or self._take()
                server.sendall(message)
                status = self._answer(server, client)
                if status == b"I" and self.shares:
                    self._release(server)
                    server = None
        if server is not None:
            server.close()

    def _log_in(self, client: socket.socket) -> socket.socket:
        start = _start(client)
        while struct.unpack("!I", start[4:8])[0] in (SSL_REQUEST, GSS_REQUEST):
            client.sendall(b"N")
            start = _start(client)
        server = socket.create_connection(self.server)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.append(server)
        server.sendall(start)
        self._answer(server, client)
        return server

    def _answer(self, server: socket.socket, client: socket.socket) -> bytes:
        """Pass on what the server says until it is ready; returns whether within a transaction."""
        while True:
            message = _message(server)
            kind = message[:1]
            if kind == b"K":  # as poolers do: a key of their own, so that a request to cancel comes to them
                message = message[:5] + os.urandom(8)
            client.sendall(message)
            if kind == b"R" and struct.unpack("!I", message[5:9])[0] in ASKS_BACK:
                server.sendall(_message(client))
            if kind == b"Z":
                return message[5:6]

    def _release(self, server: socket.socket) -> None:
        with self.change:
            self.free.append(server)
            self.change.notify()

    def _take(self) -> socket.socket:
        with self.change:
            self.change.wait_for(lambda: bool(self.free))
            return self.free.popleft()


def _start(client: socket.socket) -> bytes:
    head = _exactly(client, 4)
    return head + _exactly(client, struct.unpack("!I", head)[0] - 4)


def _message(sender: socket.socket) -> bytes:
    head = _exactly(sender, 5)
    return head + _exactly(sender, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(sender: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        if not (part := sender.recv(size - len(parts))):
            raise EOFError
        parts += part
    return parts


@contextmanager
def pooler(url: str, shares: bool = True) -> Iterator[Pooler]:
    """One before this database."""
    it = Pooler(url, shares)
    try:
        yield it
    finally:
        it.close()
