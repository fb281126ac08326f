"""Sending a Standard Webhook: its headers, and the guarded POST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from standardwebhooks import Webhook

from domain.delivery import Message


class HasStatus(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def took_ms(self) -> float: ...


class Poster(Protocol):
    """What `outbound.Client` does: a guarded POST. Raises ForbiddenTargetError, NoAnswerError."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HasStatus: ...


def send(client: Poster, url: str, message: Message, secrets: Sequence[str]) -> HasStatus:
    """POST a message, signed now. Raises ForbiddenTargetError, NoAnswerError."""
    return client.post(url, message.body.encode(), signed(message, secrets, datetime.now(UTC)))


def signed(message: Message, secrets: Sequence[str], moment: datetime) -> dict[str, str]:
    """Headers with one signature for each secret, so that a receiver may know any of them (Standard Webhooks, "Signature scheme").

    Args:
        moment: of this attempt, in UTC: receivers refuse what is older than five minutes. The library takes the hands of whatever clock
            it is given for UTC, so that another zone, or none, would be signed hours off.
    Raises:
        ValueError: `moment` is not in UTC.
    """
    if moment.tzinfo is not UTC:
        raise ValueError("a message is signed with a time in UTC")
    return {
        "content-type": "application/json",
        "user-agent": "Sellerbeat",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message.id, moment, message.body) for secret in secrets),
    }
