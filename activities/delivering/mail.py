"""Handing mail to the operator's own server. It has an end, however the server behaves, and says nothing of what the server says."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from domain.mail_server import MailServer


class MailRefusedError(Exception):
    """The server answered, and takes not the message. `status`: its number (RFC 5321, 4.2)."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the mail server answered {status}{WORDS.get(status, '')}")
        self.status = status


class NoMailServerError(Exception):
    """Nothing came of it, or nobody knows. `kind`: as of deliveries."""

    def __init__(self, kind: str) -> None:
        super().__init__(TEXTS[kind])
        self.kind = kind


WORDS = {535: ": it knows not this user and password", 530: ": it wants a user and a password", 550: ": it does not take the address"}
TEXTS = {
    "no_server": "SELLERBEAT_SMTP_URL is not set, so no mail can be sent",
    "dns": "the mail server's name could not be resolved",
    "refused": "no mail server listens there, or no way leads there",
    "reset": "the mail server closed the connection",
    "timeout": "the mail server did not answer in time",
    "tls": "no secure connection to the mail server: it offers none, or its certificate does not fit or is not trusted",
    "protocol": "the mail server offers not what is needed, such as a login",
}


class Mailer:
    """Sends one message a connection. Thread-safe.

    Args:
        server: None where none is set; then all raises NoMailServerError.
        tls: of another authority than the system's.
        patience_s: of one answer of the server.
        longest_s: of all that is done while connected; behind it the connection is cut.
    """

    def __init__(
        self, server: MailServer | None, tls: ssl.SSLContext | None = None, patience_s: float = 10.0, longest_s: float = 30.0
    ) -> None:
        self.server, self.tls, self.patience_s, self.longest_s = server, tls, patience_s, longest_s

    def send(self, message: EmailMessage) -> int:
        """Returns the server's answer, 250. Raises MailRefusedError, NoMailServerError."""
        with self.connected() as smtp:
            smtp.send_message(message)
        return 250

    def check(self) -> MailServer:
        """Connect and log in, and send nothing. Raises as `send`."""
        with self.connected() as smtp:
            smtp.noop()
        assert self.server
        return self.server

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """Logged in. What goes wrong is said as one of two errors."""
        if self.server is None:
            raise NoMailServerError("no_server")
        try:
            with self._opened(self.server) as smtp, ending(smtp):
                yield smtp
        except smtplib.SMTPRecipientsRefused as error:
            raise MailRefusedError(next((code for code, _ in error.recipients.values()), 550)) from None
        except smtplib.SMTPResponseException as error:
            raise MailRefusedError(error.smtp_code) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NoMailServerError(kind_of(error)) from None

    @contextmanager
    def _opened(self, server: MailServer) -> Iterator[smtplib.SMTP]:
        tls = self.tls or ssl.create_default_context()
        name = server.sender.rpartition("@")[2]
        if server.tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, name, timeout=self.patience_s, context=tls)
        else:
            smtp = smtplib.SMTP(server.host, server.port, name, timeout=self.patience_s)
        try:
            with cut_after(smtp, self.longest_s):
                if server.starttls:
                    smtp.starttls(context=tls)
                if server.user is not None and server.password is not None:
                    smtp.login(server.user, server.password)
                yield smtp
        finally:
            smtp.close()


@contextmanager
def ending(smtp: smtplib.SMTP) -> Iterator[None]:
    """What was taken is taken, whatever becomes of the farewell."""
    yield
    with suppress(smtplib.SMTPException, OSError):
        smtp.quit()


@contextmanager
def cut_after(smtp: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """A server that sends a byte now and then would never meet a time-out of the socket."""

    def cut() -> None:
        with suppress(OSError):
            if smtp.sock is not None:
                smtp.sock.shutdown(socket.SHUT_RDWR)

    waiting = threading.Timer(seconds, cut)
    waiting.daemon = True
    waiting.start()
    try:
        yield
    finally:
        waiting.cancel()


def kind_of(error: smtplib.SMTPException | OSError) -> str:
    """What to call it in the log of deliveries."""
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "tls" if "STARTTLS" in str(error) else "protocol"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, socket.gaierror):
        return "dns"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # the library hides those of an answer
        return "timeout"
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionResetError | BrokenPipeError):
        return "reset"
    return "protocol" if isinstance(error, smtplib.SMTPException) else "refused"
