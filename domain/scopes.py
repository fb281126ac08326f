"""Pure: what the holder of a token of the API may do (docs/how-to/tokens.md)."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum


class Scope(StrEnum):
    """How far a token goes; each holds what stands before it."""

    FEED = "feed"  # changes, and the catalogue of their types
    READ = "read"  # all that only reads, but the audit and bodies of deliveries
    CONTROL = "control"  # writes on sellers, but erasing them
    ADMIN = "admin"

    def holds(self, needed: Scope) -> bool:
        """Whether a token of this scope may do what needs the other."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = tuple(Scope)


SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=3650)  # that a token may be good; or for ever
MOST_SELLERS = 1000  # that a token may be narrowed to
PREFIX = "sb_"  # of each token, so that a scanner for secrets knows one
BYTES = 32  # at random, behind the prefix
TOKEN = re.compile(PREFIX + "[A-Za-z0-9_-]{43}")  # so many characters are 32 bytes
TOKEN_LIKE = re.compile(PREFIX + "[A-Za-z0-9_-]{20,}")  # or most of one
TOKEN_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")
TAKEN = re.compile(r"tok-[0-9a-f]{12}|ADMIN_TOKEN")  # ids of tokens, and an author in the audit


class WrongTokenNameError(ValueError):
    """A name that no token can have. Act: another one."""


def without_tokens(text: str) -> str:
    """The text with nothing in it that looks like a token, whole or cut off: errors name what was typed, and go to terminals and logs."""
    return TOKEN_LIKE.sub(f"{PREFIX}...", text)


def checked_name(name: str) -> str:
    """The name of a token to be made. Raises WrongTokenNameError."""
    if not TOKEN_NAME.fullmatch(name):
        raise WrongTokenNameError("a token's name has 1 to 60 letters, digits, dots, dashes or underscores")
    if TOKEN_LIKE.search(name):  # it would stand in the audit, and in every list of tokens
        raise WrongTokenNameError("that is a token of the API, not a name for one")
    if TAKEN.fullmatch(name):
        raise WrongTokenNameError("this name would be taken for an id, or for SELLERBEAT_ADMIN_TOKEN: choose another one")
    return name
