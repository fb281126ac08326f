"""What all requests have: the address, the token, how an answer becomes an error, and how long to wait before the next try."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from pydantic_core import from_json

from sellerbeat.errors import BY_STATUS, ProblemError, UnreachableError

VERSION = "0.1.0"
LONGEST_WAIT_S = 60.0
AGAIN = (429, 500, 502, 503, 504)  # worth another try
LONGEST_DETAIL = 300


def options(url: str, token: str, timeout_s: float) -> dict[str, Any]:
    """What `httpx.Client` and `httpx.AsyncClient` take. Raises ValueError: this is no address or no token."""
    if not url.startswith(("https://", "http://")):
        raise ValueError("url: where web.py listens, such as https://sellerbeat.example or http://localhost:8080")
    if not token or not token.isascii() or not token.isprintable() or token != token.strip():
        raise ValueError("token: as `starter.py token create` printed it, without spaces and line ends")
    headers = {"Authorization": f"Bearer {token}", "User-Agent": f"sellerbeat-python/{VERSION}"}
    return {"base_url": url.rstrip("/"), "headers": headers, "timeout": timeout_s}


def problem(status: int, headers: Mapping[str, str], body: bytes) -> ProblemError:
    """The refusal that an answer is."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}
    usual = ("type", "title", "status", "detail", "code")
    detail = str(said.get("detail") or "the answer is none of Sellerbeat's: is something else at this address?")[:LONGEST_DETAIL]
    fields = {name: value for name, value in said.items() if name not in usual}
    kind = BY_STATUS.get(status, ProblemError)
    return kind(status, str(said.get("code") or "error"), detail, fields, retry_after_s(headers.get("retry-after")))


def parsed(status: int, headers: Mapping[str, str], body: bytes) -> Any:
    """The JSON of an answer; None where there is none. Raises ProblemError, UnreachableError."""
    if not 200 <= status < 300:
        raise problem(status, headers, body)
    if not body:
        return None
    try:
        return read_json(body)
    except ValueError:
        raise UnreachableError("the answer is no JSON: something between here and Sellerbeat answered") from None


def read_json(body: bytes) -> Any:
    """As `json.loads`, in two thirds of its time. Raises ValueError."""
    try:
        return from_json(body)
    except ValueError:  # it takes no halves of characters (`"\\ud800"`), which JSON allows
        return json.loads(body)


def retry_after_s(text: str | None) -> float | None:
    """Of the header `Retry-After`: seconds, or a date."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def segment(id_: object) -> str:
    """An id as a part of a path. Raises ValueError: "", "." and "..", which lead to another route."""
    text = str(id_)
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} is no id")
    return quote(text, safe="")


class Backoff:
    """Ever longer waits, each less a random part so that many who were cut off together do not come back together."""

    def __init__(self, first_s: float = 1.0, longest_s: float = LONGEST_WAIT_S) -> None:
        self._first_s, self._longest_s, self._tries = first_s, longest_s, 0

    def next_s(self, at_least_s: float | None = None) -> float:
        """Seconds to wait now; not less than the answer asks for."""
        wait = min(self._longest_s, self._first_s * 2.0 ** min(self._tries, 20))
        self._tries += 1
        return max(at_least_s or 0.0, wait * random.uniform(0.5, 1.0))

    def over(self) -> None:
        """It went well: begin with the shortest the next time."""
        self._tries = 0
