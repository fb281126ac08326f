"""Who did something, as one short printable text: a token, the page's log-in, this machine without one, a user of the system. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

AuthorKind = Literal["token", "page", "here", "os"]
KINDS: tuple[AuthorKind, ...] = get_args(AuthorKind)
ALONE = {"page": "the page", "here": "this machine"}  # kinds without a name, in words
LONGEST = 100  # characters of the whole text
NAMELESS = "?"


@dataclass(frozen=True, slots=True)
class Author:
    """As text `token:ci`, `page`, `here` (the API, from this machine, while there is no ADMIN_TOKEN), `os:alice`.

    Attributes:
        name: of the token or the user, printable and in one line, as short as the whole must be; of the page and of this machine "".
    """

    kind: AuthorKind
    name: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError: no such kind. Any name is taken, and cleaned."""
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of author")
        object.__setattr__(self, "name", "" if self.kind in ALONE else _clean(self.name, LONGEST - len(self.kind) - 1) or NAMELESS)

    def __str__(self) -> str:
        return self.kind if self.kind in ALONE else f"{self.kind}:{self.name}"

    def words(self) -> str:
        """For a sentence: paused by `ci`, by `the page`, by `this machine`, by `alice`."""
        return ALONE.get(self.kind, self.name)

    @classmethod
    def parse(cls, text: str | None) -> Author | None:
        """The author whose text it is; None where it is none, as people may write anything into a signal."""
        kind, colon, name = (text or "").partition(":")
        if kind not in KINDS or bool(colon) is (kind in ALONE):
            return None
        return cls(kind, name)


def as_author(text: str | None) -> str | None:
    """The text, cleaned; None where it names no author, as if nobody had been named."""
    author = Author.parse(text)
    return str(author) if author else None


def _clean(name: str, longest: int) -> str:
    """In one line, without what does not print: controls, directions of writing, halves of a character."""
    seen = "".join(letter if letter.isprintable() else " " for letter in name[: 10 * longest])
    return " ".join(seen.split())[:longest].rstrip()
