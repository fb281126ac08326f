"""Reading a small form, strictly, and who stands in the audit for what it does."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from domain.authors import Author
from domain.scopes import without_tokens
from serving.problems import ProblemError

AUTHOR = str(Author("page"))
LARGEST = 8192  # bytes
FIELDS = 20
JOINERS = "\u200c\u200d"  # hold Persian words and families of emoji together


class WrongFieldError(ProblemError):
    """A field of a form, and what is wrong with it: shown beside the field, and the form keeps what was typed."""

    def __init__(self, field: str, detail: str, status: int = 422) -> None:
        super().__init__(status, detail)
        self.field = field


def as_typed(text: str) -> str:
    """What may be shown again in its field: nothing that looks like a token, and nothing that no field can hold."""
    return "".join(letter if letter.isprintable() or letter in JOINERS else " " for letter in without_tokens(text))


async def read_form(request: Request) -> dict[str, str]:
    """Raises ProblemError: 413, 415, 422."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise ProblemError(415, "a form is expected (application/x-www-form-urlencoded)")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise ProblemError(413, f"a form has {LARGEST} bytes at most")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict", max_num_fields=FIELDS)
    except ValueError:
        raise ProblemError(422, "the form cannot be read") from None
    return dict(pairs)


def one_of(form: Mapping[str, str], name: str, choices: Mapping[str, object]) -> str:
    """Raises WrongFieldError."""
    if form.get(name) not in choices:
        raise WrongFieldError(name, f"{name} is one of {', '.join(choices)}")
    return form[name]
