"""A mail server on 127.0.0.1, by the words of SMTP alone: what was handed over, and who logged in.

with MailServerThread() as server:        # smtp://127.0.0.1:PORT
    ...
    assert server.letters[0]["To"] == "ops@example.com"
"""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import ssl
import sys
import threading
from contextlib import suppress
from email.message import EmailMessage
from typing import Any, Self, cast


class MailServerThread:
    """Ends with its `with`.

    Args:
        tls: offers STARTTLS, and a login only behind it; `at_once`: TLS from the first byte.
        refusing: what to answer instead, by the verb: `{"RCPT": "550 no such user"}`. `hanging`: verbs that are never answered.
    """

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        at_once: bool = False,
        refusing: dict[str, str] | None = None,
        hanging: frozenset[str] = frozenset(),
    ) -> None:
        self.tls, self.at_once, self.refusing, self.hanging = tls, at_once, refusing or {}, hanging
        self.letters: list[EmailMessage] = []
        self.logins: list[tuple[str, str]] = []
        self.ended = threading.Event()
        self.server = _Listening(("127.0.0.1", 0), _SmtpTalk)
        self.server.mailbox = self
        self.port: int = self.server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


class _Listening(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    mailbox: MailServerThread

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who does not trust us goes in the middle of the handshake."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _SmtpTalk(socketserver.StreamRequestHandler):
    def setup(self) -> None:
        self.mailbox = cast(_Listening, self.server).mailbox
        if self.mailbox.at_once and self.mailbox.tls:
            self.request = self.mailbox.tls.wrap_socket(self.request, server_side=True)
        self.secure = self.mailbox.at_once
        super().setup()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 mail.test")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            if verb in self.mailbox.hanging:
                self.mailbox.ended.wait()
                return
            if answer := self.mailbox.refusing.get(verb):
                self.say(answer)
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                getattr(self, f"on_{verb.lower()}", self.on_other)(rest)

    def on_ehlo(self, _: str) -> None:
        offers = ["mail.test", "8BITMIME"]
        if self.mailbox.tls and not self.secure:
            offers.append("STARTTLS")
        if not self.mailbox.tls or self.secure:
            offers.append("AUTH PLAIN")
        for one in offers[:-1]:
            self.say(f"250-{one}")
        self.say(f"250 {offers[-1]}")

    def on_starttls(self, _: str) -> None:
        assert self.mailbox.tls
        self.say("220 go on")
        self.request: Any = self.mailbox.tls.wrap_socket(self.request, server_side=True)
        self.secure = True
        super().setup()

    def on_auth(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        self.mailbox.logins.append((user, password))
        self.say("235 welcome")

    def on_data(self, _: str) -> None:
        self.say("354 go on")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.mailbox.letters.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))
        self.say("250 taken")

    def on_other(self, _: str) -> None:
        self.say("250 fine")
