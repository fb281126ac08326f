"""JSON as it comes, in a form that Postgres can hold.

JSONB refuses NUL, lone surrogates, NaN and 1e400, Python what is nested too deeply; one title with any of them would block its seller for
ever. They are kept as text.
"""

import json
import math
import re
from typing import Any

from ebay.errors import BadAnswerError

Document = dict[str, Any]

LONGEST_NUMBER = 100  # digits; no amount, id or quantity comes near, and Python refuses to read integers of 4,300 and more
DEEPEST = 400  # levels; eBay's documents have about 8, and Python reads some 900
_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(body: bytes) -> Any:
    """A JSON text as Python values that JSONB can hold.

    NUL and lone surrogates in strings and keys become the literal text `\\u0000`, `\\ud800`; NaN, Infinity, numbers beyond a double and
    integers of over 100 digits become strings; bytes that are no UTF-8 become `\\udc80` to `\\udcff`; where there are more levels than
    Python reads, what lies below the 400th becomes its text. Everything else stays as it is.

    Raises:
        BadAnswerError: no JSON (truncated, HTML, empty). The text tells nothing of the body.
    """
    try:
        text, valid = body.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        text, valid = body.decode("utf-8-sig", "surrogateescape"), False
    try:
        value = _read(text)
    except (ValueError, RecursionError):
        raise BadAnswerError("eBay's answer is no JSON") from None
    if valid and b"\x00" not in body and not (b"\\u" in body and _ESCAPED.search(body)):
        return value  # nearly always: nothing to clean, so no walk
    return _clean(value)


def _read(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except RecursionError:
        return _decoder.decode(_shallow(text))


def _shallow(text: str) -> str:
    """The same JSON with strings in the place of what is nested too deeply."""
    parts: list[str] = []
    depth = copied = start = 0
    for piece in _PIECES.finditer(text):
        if piece[0] in "[{":
            depth += 1
            if depth == DEEPEST:
                start = piece.start()
        elif piece[0] in "]}":
            if depth == DEEPEST:
                parts += (text[copied:start], json.dumps(text[start : piece.end()]))
                copied = piece.end()
            depth -= 1
    return "".join([*parts, text[copied:]])


def _clean(value: Any) -> Any:
    """The same value with storable strings. Without recursion: as deep as the parser let it be."""
    root = [value]
    todo: list[Any] = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            for key in [k for k in node if _UNSTORABLE.search(k)]:
                node[_storable(key)] = node.pop(key)
        for index, item in list(node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(item, str):
                node[index] = _storable(item)
            elif isinstance(item, (dict, list)):
                todo.append(item)
    return root[0]


def _storable(text: str) -> str:
    return _UNSTORABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) and len(text) <= LONGEST_NUMBER else text


def _int(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_NUMBER else text


# strict=False: a raw line break or NUL in a string is tolerated like its escaped form
_decoder = json.JSONDecoder(strict=False, parse_float=_float, parse_int=_int, parse_constant=str)
