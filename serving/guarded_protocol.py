"""HTTP/1.1 by uvicorn and h11, on connections that are counted and in time: see connections.py.

uvicorn itself has a deadline between requests alone: who opens a connection and says nothing, or half a head, holds it for ever.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

from serving.connections import Closing, Connections
from serving.problems import ProblemError, problem_json

LONGEST_HEAD = 64 * 1024  # bytes of a request's line and headers
LINGER_S = 2.0  # so long is read, and thrown away, what somebody still sends who is refused: to hang up at once would lose the answer


def _refusal(status: int, detail: str) -> bytes:
    """Whole, with its head: nothing of the app's runs for whoever does not come that far."""
    answer = problem_json(ProblemError(status, detail))
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode(), *(b"%b: %b" % header for header in answer.raw_headers)]
    return b"\r\n".join([*lines, b"connection: close", b"", bytes(answer.body)])


TOO_SLOW = _refusal(408, "the request did not come to its end in time")
LONG_LINE = _refusal(414, f"the address is longer than {LONGEST_HEAD // 1024} kB")
LONG_HEADERS = _refusal(431, f"address and headers are longer than {LONGEST_HEAD // 1024} kB")
NONSENSE = _refusal(400, "this is no request of HTTP/1.1; for https ask the proxy in front")


class GuardedProtocol(H11Protocol):
    """One connection. What `uvicorn.Config(http=...)` takes once `guarded` has bound it to the process's `Connections`."""

    def __init__(self, *given: Any, held: Connections[GuardedProtocol], **named: Any) -> None:
        super().__init__(*given, **named)
        self._held = held
        self._deadline: asyncio.TimerHandle | None = None
        self._awaited: Closing | None = None  # what the deadline is for
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        if self._held.came(self, peer):
            self._await(Closing.SILENT)

    def eof_received(self) -> None:
        """Whoever is refused and has read it."""
        if self._is_refused:
            self.transport.close()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        if self._deadline is not None:
            self._deadline.cancel()
        self._held.left(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._is_refused:
            super().data_received(data)
            self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._held.silent(self)
            self._await(None)  # uvicorn's own deadline between requests is shorter
            self._look()

    def send_400_response(self, msg: str) -> None:
        """In place of uvicorn's, whose answer is lost where more comes, and which fails where another answer has begun."""
        self._held.closed[Closing.MALFORMED] += 1
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # its answer has nobody any more
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.abort()
                return
        head = self.conn.trailing_data[0]
        self._refuse(NONSENSE if len(head) <= LONGEST_HEAD else LONG_HEADERS if b"\n" in head else LONG_LINE)

    def close_now(self, why: Closing) -> None:
        """Without waiting for whom it is closed."""
        self._await(None)
        if why is Closing.SLOW_HEAD:
            self.transport.write(TOO_SLOW)
            self.transport.close()
        else:
            self.transport.abort()

    def _refuse(self, answer: bytes) -> None:
        self._is_refused = True
        self._await(None)
        self._held.silent(self)  # among the first to go where it is crowded
        self.transport.write(answer)
        with suppress(OSError):  # it hung up itself
            self.transport.write_eof()
        self.flow.resume_reading()
        self._deadline = self.loop.call_later(LINGER_S, self.transport.abort)

    def _look(self) -> None:
        """What is awaited from here on; a deadline that runs for it already goes on."""
        if self._is_refused or self.transport.is_closing():
            return
        asking = self.cycle is not None and not self.cycle.response_complete
        if asking:
            self._held.asks(self)
            self._await(Closing.SLOW_BODY if self.conn.their_state is h11.SEND_BODY else None)
        elif self.conn.trailing_data[0]:
            self._await(Closing.SLOW_HEAD)

    def _await(self, what: Closing | None) -> None:
        if what is self._awaited:
            return
        if self._deadline is not None and not (what is Closing.SLOW_HEAD and self._awaited is Closing.SILENT):
            self._deadline.cancel()
            self._deadline = None
        self._awaited = what
        if what is not None and self._deadline is None:
            limits = self._held.limits
            self._deadline = self.loop.call_later(limits.body_s if what is Closing.SLOW_BODY else limits.head_s, self._late)

    def _late(self) -> None:
        self._deadline = None
        if self._awaited is not None:
            self._held.late(self, self._awaited)


def close(connection: GuardedProtocol, why: Closing) -> None:
    """As `Connections` wants it."""
    connection.close_now(why)


def guarded(held: Connections[GuardedProtocol]) -> type[asyncio.Protocol]:
    """The class for `uvicorn.Config(http=...)`."""

    class Guarded(GuardedProtocol):
        def __init__(
            self, config: Config, server_state: Any, app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None = None
        ) -> None:
            super().__init__(config, server_state, app_state, _loop, held=held)

    return Guarded
