"""A line to a server of ours that can be made slow: every byte takes so long each way, as over a bad network."""

from __future__ import annotations

import queue
import socket
import threading
import time
from contextlib import suppress

Chunk = tuple[float, bytes]


class SlowLine:
    """Listens on 127.0.0.1 and passes on to `address` (`host:port`). `delay_s`: may change while it runs."""

    def __init__(self, address: str) -> None:
        self.to, self.delay_s = address, 0.0
        self.ended = threading.Event()
        self.opened: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.ended.set()
        for one in (self.listener, *self.opened):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # who reads it wakes up
            one.close()

    def _accept(self) -> None:
        host, _, port = self.to.rpartition(":")
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                self.opened.append(near)
                try:
                    far = socket.create_connection((host, int(port)))
                except OSError:  # the server is away, and whoever called is told so
                    near.close()
                    continue
                self.opened.append(far)
                for one, other in ((near, far), (far, near)):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._pass_on(one, other)

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        chunks: queue.Queue[Chunk] = queue.Queue()
        for act in (self._read, self._write):
            threading.Thread(target=act, args=(one, other, chunks), daemon=True).start()

    def _read(self, one: socket.socket, _: socket.socket, chunks: queue.Queue[Chunk]) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                chunks.put((time.monotonic() + self.delay_s, data))
        chunks.put((0.0, b""))

    def _write(self, _: socket.socket, other: socket.socket, chunks: queue.Queue[Chunk]) -> None:
        with suppress(OSError):
            while (chunk := chunks.get())[1]:
                self.ended.wait(max(0.0, chunk[0] - time.monotonic()))
                other.sendall(chunk[1])
            other.shutdown(socket.SHUT_RDWR)
