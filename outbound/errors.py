"""What comes of a post that has no answer. The texts are constant words and the host: a path or a query may hold the receiver's secret."""

from __future__ import annotations

from typing import Literal

Kind = Literal["refused", "reset", "timeout", "tls", "dns", "protocol", "too_long"]

TEXTS: dict[Kind, str] = {
    "refused": "nobody listens there, or no way leads there",
    "reset": "the connection was closed before the answer was complete",
    "timeout": "no complete answer in time",
    "tls": "no secure connection: the certificate does not fit, is not trusted, or TLS failed",
    "dns": "the name could not be resolved",
    "protocol": "what came is not HTTP/1.1",
    "too_long": "the answer's head is too long",
}


class ForbiddenTargetError(Exception):
    """The address may not be called: refused before a connection. Not worth a retry at registration; a name may be mended in the DNS.

    Attributes:
        reason: why, in constant words.
        host: as far as it could be read; never a path, a query or a user's name.
    """

    def __init__(self, reason: str, host: str = "") -> None:
        super().__init__(f"{host}: {reason}" if host else reason)
        self.reason = reason
        self.host = host


class NoAnswerError(Exception):
    """The receiver gave no answer that can be used. Worth a retry with backoff; its operator must act where it lasts.

    Attributes:
        kind: `refused` holds unreachable networks too; `reset` a connection closed early, in whatever way.
        host: as called.
        took_ms: milliseconds until we knew.
    """

    def __init__(self, kind: Kind, host: str, took_ms: float = 0.0) -> None:
        super().__init__(f"{host}: {TEXTS[kind]}")
        self.kind: Kind = kind
        self.host = host
        self.took_ms = took_ms
