"""Where a seller's browser goes after their consent: back to the app that sent them, which says where when it asks for the link.

Only to origins of SELLERBEAT_RETURN_ORIGINS, read more strictly than any browser reads them, so that nobody is led anywhere else. What
is told there is a hint for the app's page; whether the seller is connected the app asks us.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode

from operations.errors import FailedError
from settings import PREFIX, origin_of

LONGEST = 500  # characters of an address: the link's state has it, and an address bar has to take that
LONGEST_NAME = 60
# Of RFC 3986, and nothing that browsers mend: no user, no backslash, no blank, no control character, no fragment.
ADDRESS = re.compile(r"(?P<origin>https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
    r"(?:\?(?P<query>(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*))?")  # fmt: skip
RESULT, SELLER, REASON = "sellerbeat", "seller", "reason"


class ReturnRefusedError(FailedError):
    """The link's `return_to` or `app` cannot be used; no link was made. The text never has the address."""


def checked_address(text: str, allowed: Collection[str]) -> str:
    """The address as it is. Raises ReturnRefusedError: it is none, or of no origin that is allowed."""
    match = ADDRESS.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        raise ReturnRefusedError(
            f"return_to is no plain address such as https://app.example.com/connected?from=sellerbeat: ASCII, percent-encoded where it must"
            f" be, without user and fragment, {LONGEST} characters at most"
        )
    if {RESULT, SELLER, REASON} & {name for name, _ in parse_qsl(match["query"] or "", keep_blank_values=True)}:
        raise ReturnRefusedError(f"return_to has a parameter {RESULT}, {SELLER} or {REASON}: these are added when the seller comes back")
    if _origin(match["origin"]) not in allowed:
        raise ReturnRefusedError(f"the origin of return_to is none of {PREFIX}RETURN_ORIGINS (scheme, host and port must be the same)")
    return text


def checked_name(text: str) -> str:
    """An app's name, as the seller is to read it. Raises ReturnRefusedError."""
    name = text.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ReturnRefusedError(f"app is the app's name for the seller to read: 1 to {LONGEST_NAME} printable characters")
    return name


def host_of(address: str) -> str:
    """What stands for the app's name where it gave none."""
    match = ADDRESS.fullmatch(address)
    return match["origin"].partition("://")[2] if match else ""


def way_back(address: str, allowed: Collection[str], result: str, seller_id: str, reason: str | None = None) -> str | None:
    """The address with what became of it; None: its origin is allowed no more.

    Args:
        result: `connected`, `declined` or `failed`.
        seller_id: the app's own.
        reason: of `failed`, a word for programs.
    """
    match = ADDRESS.fullmatch(address)
    if match is None or _origin(match["origin"]) not in allowed:
        return None
    answer = urlencode({RESULT: result, SELLER: seller_id} | ({REASON: reason} if reason else {}))
    query = match["query"]
    return f"{address}{'?' if query is None else '&' if query else ''}{answer}"


def _origin(text: str) -> str | None:
    try:
        return origin_of(text)
    except ValueError:
        return None
