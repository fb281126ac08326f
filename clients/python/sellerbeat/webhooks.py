"""Deliveries, verified and typed: Standard Webhooks, as Sellerbeat signs them (HMAC-SHA256 over id, time and body)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol

from sellerbeat.errors import SignatureError
from sellerbeat.events import AnyEvent, read_delivery

PREFIX = "whsec_"
TOLERANCE = timedelta(minutes=5)


class Headers(Protocol):
    """A dict, or what Flask, Django, Starlette and httpx have for headers."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names, in any case, and values."""
        ...


def verify(headers: Headers, body: bytes, secrets: str | Iterable[str], tolerance: timedelta = TOLERANCE) -> AnyEvent:
    """The event of a delivery, typed.

    Args:
        headers: as they came, in any case.
        body: the bytes as they came; parsed and written again it would have another signature.
        secrets: of the endpoint, `whsec_...`; while it is rotated, both.
        tolerance: how old the message may be, and how far this machine's clock may be off.

    Raises:
        SignatureError: not signed by one of the secrets, or not now. Answer 401.
        ValueError: a secret is none; or, with a right signature, the body is no delivery.
    """
    return read_delivery(verified(headers, body, secrets, tolerance))


def verified(headers: Headers, body: bytes, secrets: str | Iterable[str], tolerance: timedelta = TOLERANCE) -> dict[str, Any]:
    """The same, as JSON: `{"type", "timestamp", "data"}`. Raises as `verify`."""
    if not isinstance(body, bytes):
        raise TypeError("body: the bytes as they came, such as request.get_data() or await request.body()")
    keys = [key_of(one) for one in ([secrets] if isinstance(secrets, str) else secrets)]
    if not keys:
        raise ValueError("no secret was given")
    there = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not there.get(name)]
    if missing:
        raise SignatureError(f"the header {missing[0]} is missing: this was not sent by Sellerbeat, or a proxy drops it")
    sent_at = there["webhook-timestamp"]
    if not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 15):
        raise SignatureError("webhook-timestamp is no time in seconds")
    content = b".".join((there["webhook-id"].encode(), sent_at.encode(), body))
    given = [sign.partition(",")[2].encode() for sign in there["webhook-signature"].split(" ") if sign.startswith("v1,")]
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()) for key in keys]
    if not any(hmac.compare_digest(one, other) for one in given for other in expected):
        raise SignatureError("no signature fits: another secret, or the body is not as it was sent")
    off_s = time.time() - int(sent_at)
    if abs(off_s) > tolerance.total_seconds():
        words = "old" if off_s > 0 else "in the future"
        raise SignatureError(
            f"rightly signed, but {_in_words(abs(off_s))} {words}, and {_in_words(tolerance.total_seconds())} are borne:"
            " this machine's clock is off, or somebody sends an old message again"
        )
    message = json.loads(body)
    if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
        raise ValueError("the body is no delivery of Sellerbeat's")
    return message


def key_of(secret: str) -> bytes:
    """Raises ValueError, which does not show it."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        raise ValueError(f"an endpoint's secret begins with {PREFIX}: `starter.py endpoint add` printed it")
    return key


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
