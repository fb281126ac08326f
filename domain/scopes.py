"""Pure: what the holder of a token of the API may do (DESIGN, Contract, Tokens)."""

from __future__ import annotations

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
