"""How some settings are written: each function gives the text as it is used, or says what is wrong with it."""

from __future__ import annotations

import re


def http_url(text: str) -> str:
    """Without a slash at its end. Raises ValueError: no address such as https://api.ebay.com."""
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError(f"{text!r} is no address such as https://api.ebay.com")
    return text.rstrip("/")


def public_url(text: str) -> str:
    """Without a slash at its end. Raises ValueError: no address that the world could reach by https, or this machine itself by http."""
    if not re.fullmatch(r"(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?", text):
        raise ValueError(f"{text!r} is no public address such as https://sellerbeat.example.com (http on this machine itself only)")
    return text.rstrip("/")


def email(text: str) -> str:
    """Raises ValueError: no address of mail."""
    if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,190}", text):
        raise ValueError(f"{text!r} is no e-mail address")
    return text


def bind(text: str) -> str:
    """A host and a port. Raises ValueError: no address to listen on."""
    match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})", text)
    if not match or int(match[2]) > 65535:
        raise ValueError(f"{text!r} is no address to listen on such as 127.0.0.1:8080")
    return text


def schema(text: str) -> str:
    """Raises ValueError: no schema of its own in Postgres."""
    if not re.fullmatch(r"(?!pg_)[a-z_][a-z0-9_]{0,62}", text) or text in ("public", "information_schema"):
        raise ValueError(f"{text!r} is no schema of its own: a name of a-z, 0-9 and _ at most 63 long, such as sellerbeat, and not public")
    return text
