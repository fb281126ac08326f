"""Receivers of webhooks on 127.0.0.1: a healthy one that remembers what it got, and the sick kinds that the world has.

    with Receiver() as receiver:                     # http://127.0.0.1:PORT/hook, keeps connections
        ...
        assert receiver.posts[0].headers["webhook-id"] == "..."

A behaviour is a function that is given one connection (`Talk`) and keeps it until it returns. A receiver ends at once with its `with`,
whatever its behaviours wait for.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.support.certificates import Authority

CHUNK = b"x" * 16384


@dataclass(frozen=True)
class Post:
    """What came: header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Talk:
    """One connection, as a behaviour sees it."""

    def __init__(self, receiver: Receiver, connection: socket.socket) -> None:
        self.receiver, self.connection = receiver, connection
        self.buffered = b""

    def read(self) -> Post | None:
        """The next request, remembered by the receiver; None where the caller has gone."""
        while b"\r\n\r\n" not in self.buffered:
            if not self.more():
                return None
        head, _, self.buffered = self.buffered.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self.buffered) < length:
            if not self.more():
                return None
        body, self.buffered = self.buffered[:length], self.buffered[length:]
        post = Post(first.split(" ")[1], headers, body)
        self.receiver.posts.append(post)
        return post

    def more(self) -> bool:
        data = self.connection.recv(65536)
        self.buffered += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        more = [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines = [f"HTTP/1.1 {status} Some", f"content-length: {len(body)}", *more]
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def wait(self, seconds: float | None = None) -> bool:
        """Until so much time has passed, or the receiver ends; true where it ended."""
        return self.receiver.ended.wait(seconds)


Behaviour = Callable[[Talk], None]


def healthy(talk: Talk) -> None:
    while talk.read():
        talk.answer(200, body=b"thanks")


def echoing(talk: Talk) -> None:
    while post := talk.read():
        talk.answer(200, body=post.body)


def answering(*statuses: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Behaviour:
    """The statuses one after another, over all connections; the last one for ever after."""
    left, lock = list(statuses), threading.Lock()

    def behave(talk: Talk) -> None:
        while talk.read():
            with lock:
                status = left.pop(0) if len(left) > 1 else left[0]
            talk.answer(status, headers, body)

    return behave


def redirecting(to: str, status: int = 307) -> Behaviour:
    return answering(status, headers={"location": to})


def resetting(talk: Talk) -> None:
    talk.read()
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close sends RST


def closing(talk: Talk) -> None:
    talk.read()


def hanging(talk: Talk) -> None:
    talk.read()
    talk.wait()


def dripping(talk: Talk, every_s: float = 0.02) -> None:
    """An answer of which a byte comes now and then: no single read ever waits for long."""
    talk.read()
    talk.send(b"HTTP/1.1 200 OK\r\nx-slow: ")
    while not talk.wait(every_s):
        talk.send(b"z")


def dripping_body(talk: Talk, every_s: float = 0.02) -> None:
    talk.read()
    talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while not talk.wait(every_s):
        talk.send(b"z")


def unending(talk: Talk) -> None:
    """Less than was announced, and then nothing more."""
    talk.read()
    talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome")
    talk.wait()


def cut(talk: Talk) -> None:
    """Less than was announced, and then closed."""
    talk.read()
    talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome")


def deaf(talk: Talk) -> None:
    """Connected, and nothing is ever read."""
    talk.wait()


def dripping_handshake(talk: Talk, every_s: float = 0.02) -> None:
    """For https: a TLS record that never comes to its end."""
    talk.send(b"\x16\x03\x03\x40\x00")
    while not talk.wait(every_s):
        talk.send(b"z")


def garbage(talk: Talk) -> None:
    talk.read()
    talk.send(b"\x00\xff200 thank you\r\n\r\nnot HTTP at all\r\n")


def garbage_body(talk: Talk) -> None:
    """HTTP as it should be, whose body is noise."""
    while talk.read():
        talk.answer(200, {"content-type": "application/json", "content-encoding": "gzip"}, bytes(range(256)) * 4)


def endless(talk: Talk) -> None:
    talk.read()
    talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while not talk.receiver.ended.is_set():
        talk.send(CHUNK)


def endless_chunks(talk: Talk) -> None:
    """A body that holds next to nothing and never ends: all of it is what chunks may have around them."""
    talk.read()
    talk.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while not talk.receiver.ended.is_set():
        talk.send((b"1;" + b"x" * 1000 + b"\r\na\r\n") * 16)


def header_bomb(talk: Talk) -> None:
    talk.read()
    talk.send(b"HTTP/1.1 200 OK\r\n")
    while not talk.receiver.ended.is_set():
        talk.send(b"x-bomb: " + CHUNK + b"\r\n")


def never_final(talk: Talk) -> None:
    """Interim answers for ever, and no final one."""
    talk.read()
    while not talk.receiver.ended.is_set():
        talk.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 100)


class Receiver:
    """A server on 127.0.0.1 for one `with`.

    Attributes:
        posts: what came, in the order in which it came.
        connections: how often somebody connected, whether they said something or not.
    """

    def __init__(self, behave: Behaviour = healthy, tls: ssl.SSLContext | None = None, port: int = 0, host: str = "127.0.0.1") -> None:
        self.behave, self.tls = behave, tls
        self.posts: list[Post] = []
        self.connections = 0
        self.ended = threading.Event()
        self.open: set[socket.socket] = set()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=128)
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        self.threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ended.set()
        for held in [self.listener, *self.open]:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
        for thread in self.threads:
            thread.join(5)
        self.listener.close()

    def accept(self) -> None:
        with suppress(OSError):  # closed
            while not self.ended.is_set():
                connection, _ = self.listener.accept()
                self.connections += 1
                self.open.add(connection)
                self.threads.append(threading.Thread(target=self.serve, args=(connection,), daemon=True))
                self.threads[-1].start()

    def serve(self, connection: socket.socket) -> None:
        plain = connection
        with suppress(OSError):  # the caller left, or it is over; ssl's errors are such too
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self.open.add(connection)
                connection.do_handshake()
            self.behave(Talk(self, connection))
        with suppress(OSError):
            connection.close()
        self.open -= {plain, connection}


@contextmanager
def stored_port() -> Iterator[int]:
    """A port of 127.0.0.1 for a process that is still to start: it may listen there, and nobody else is given it meanwhile."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def refusing() -> Iterator[str]:
    """An address at which nobody listens, held so that nobody else gets the port."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/hook"


@contextmanager
def sick(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    with Receiver(behave, tls) as receiver:
        yield receiver.url


def untrusted() -> AbstractContextManager[str]:
    return sick(healthy, Authority("An authority that nobody knows").server("127.0.0.1"))


# Eight kinds of sick receivers: each gives its URL for a `with`, and what becomes of a post there: a kind of NoAnswerError or a status.
SICK: dict[str, tuple[Callable[[], AbstractContextManager[str]], str | int]] = {
    "refuses": (refusing, "refused"),
    "resets": (lambda: sick(resetting), "reset"),
    "hangs": (lambda: sick(hanging), "timeout"),
    "drips slowly": (lambda: sick(dripping), "timeout"),
    "talks garbage": (lambda: sick(garbage), "protocol"),
    "redirects to loopback": (lambda: sick(redirecting("http://127.0.0.1:9/")), 307),
    "never stops": (lambda: sick(endless), 200),
    "has a wrong certificate": (untrusted, "tls"),
}
