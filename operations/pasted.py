"""A refresh token as people paste it: from an address bar, a log, a .env, a JSON answer. Taken as meant, or refused with what is wrong.

No text here shows any of it.
"""

from __future__ import annotations

import html
import json
import re
from itertools import takewhile
from typing import Any
from urllib.parse import unquote

INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"))  # BOM, and what editors and web pages put between
QUOTES = "\"'`“”‘’„«»"
NAMED = re.compile(
    r"(?:^|[?&;,{\s])(?:export\s+)?[\"']?[\w.-]*refresh[_-]?token[\"']?\s*[=:]\s*(?P<token>[^&]*)", re.IGNORECASE | re.DOTALL
)
ACCESS = re.compile(r"(?:^|[?&;,{\s])[\"']?[\w.-]*access[_-]?token[\"']?\s*[=:]|^bearer\s", re.IGNORECASE)
BEGINNING = re.compile(r"v(?:\^|%(?:25)*5E)\d", re.IGNORECASE)
WRAPPED = re.compile(r"\s*[\r\n]+\s*")
QUOTED = re.compile(r"\s*([\"'])(.*?)\1", re.DOTALL)
NEXT = re.compile(r"[\"']?[\w.-]+[\"']?\s*[=:]\s*[^=\s]")  # another name and its value; a token's last line may end with =
CUT = re.compile(r"v\^\d+(?:\.\d+)*")
ENCODINGS = 3  # so often something may have been percent-encoded on its way


class NoTokenError(ValueError):
    """Why a text is no refresh token."""


def refresh_token(text: str) -> str:
    """Raises NoTokenError."""
    text = text.translate(INVISIBLE).strip()
    found = _in_json(text) if text.startswith(("{", "[")) else None
    if found is None:
        found = _named(text)
    token = _plain(_joined(found))
    _look(token)
    return token


def _in_json(text: str) -> str | None:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    tokens = list(dict.fromkeys(_all(document, "refresh_token")))
    if len(tokens) > 1:
        raise NoTokenError("several refresh tokens: give one")
    if not tokens and _all(document, "access_token"):
        raise NoTokenError("an access token, which is good for two hours: the refresh token beside it is expected")
    return tokens[0] if tokens else None


def _all(document: Any, name: str) -> list[str]:
    if isinstance(document, list):
        return [one for part in document for one in _all(part, name)]
    if not isinstance(document, dict):
        return []
    mine = [value for key, value in document.items() if key == name and isinstance(value, str)]
    return mine + [one for part in document.values() for one in _all(part, name)]


def _named(text: str) -> str:
    """What stands behind its name, where one does: `refresh_token=...`, a form, an address."""
    named = [match["token"] for match in NAMED.finditer(text)]
    if len(named) > 1:
        raise NoTokenError("several refresh tokens: give one")
    if named:
        quoted = QUOTED.match(named[0])
        return quoted[2] if quoted else named[0]
    if ACCESS.search(text):
        raise NoTokenError("an access token, which is good for two hours: the refresh token beside it is expected")
    if re.match(r"https?://", text):
        raise NoTokenError("an address without a refresh token; where it has a code, that is good for 5 minutes: send the seller a link")
    return text


def _joined(text: str) -> str:
    """Without quotes around, and without the line ends that a narrow window or an e-mail put in."""
    text = _bare(text)
    written = WRAPPED.split(text)
    lines = [_bare(line) for line in takewhile(lambda line: line is written[0] or not NEXT.match(line), written)]
    if len(written) == 1:
        return text
    begun = [bool(BEGINNING.match(line)) for line in lines]
    if sum(begun) > 1:
        raise NoTokenError("several refresh tokens: give one")
    return "".join(lines) if begun[0] else text


def _bare(text: str) -> str:
    before = None
    while text != before:
        before = text
        text = text.removesuffix("\\n").removesuffix("\\r").strip().strip(QUOTES).rstrip(",;").strip()
    return text


def _plain(token: str) -> str:
    """As eBay gave it: no token of eBay's holds a percent sign or an ampersand."""
    token = html.unescape(token) if "&" in token else token
    for _ in range(ENCODINGS):
        if "%" in token:
            token = unquote(token, errors="replace")
    return _bare(token)


def _look(token: str) -> None:
    """Raises NoTokenError: it is none, or one of another kind. What eBay's token server says of it would be the wrong advice."""
    if not token:
        raise NoTokenError("empty")
    if "%" in token:
        raise NoTokenError("percent-encoded, and not whole: eBay's tokens hold no percent sign. Copy it as eBay gave it")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise NoTokenError("none: one line without spaces, of plain characters, is expected")
    if CUT.fullmatch(token):
        raise NoTokenError("cut off at its first #: put quotes around it where it was copied from")
    if "***" in token or token.endswith("..."):
        raise NoTokenError("not whole: whatever showed it hides a part of it")
    if token.startswith("v^") and "#t^H4sI" in token:
        raise NoTokenError("an access token, which is good for two hours: the refresh token that came beside it is expected")
    if token.startswith("AgAAAA**"):
        raise NoTokenError("a token of Auth'n'Auth, the older way: an OAuth refresh token is expected")
