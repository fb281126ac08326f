"""Whose eBay account something is of. Pure: what is known of a seller's account, what eBay told just now, and how they compare.

eBay has three words for a user. The *user id* (identity API) never changes, and neither does the *EIAS token* (GetUser of the Trading API);
the *user name* (`sellerId` of orders, and both calls) may change, and since September 2025 eBay may show an id that never changes where the
name stood (banner of developer.ebay.com). So each is compared with its own kind, and a name that differs is no other account by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

LONGEST = 200  # characters of a name or an id

Hashed = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class AccountClaim:
    """What an answer of eBay's says, in clear; it is not kept."""

    user_id: str | None = field(default=None, repr=False)
    name: str | None = field(default=None, repr=False)
    eias: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept of a seller's account. All of it may be unknown."""

    user_id: str | None = field(default=None, repr=False)
    name: bytes | None = None  # keyed hash
    eias: bytes | None = None  # keyed hash
    generation: int = 0  # of the token that was last found to be this account's
    refused: int = 0  # of the token that was found to be another's
    before: bool = False  # enrolled before accounts were compared, and no new token since
    ask_at: datetime | None = None  # GetUser is not asked before; UTC

    @classmethod
    def read(cls, row: Sequence[Any] | None) -> Account:
        """From the array that `store/steps/steps.py` reads beside all else."""
        if row is None:
            return cls()
        user_id, name, eias, generation, refused, before, ask_at = row
        return cls(user_id, _bytes(name), _bytes(eias), generation, refused, before, _time(ask_at))

    @property
    def known(self) -> bool:
        """Whether anything is known that eBay's words can be compared with."""
        return bool(self.user_id or self.name or self.eias)


class AccountVerdict(StrEnum):
    """How what eBay says compares with the known account."""

    SAME = "same"
    OTHER = "other"  # by a word that never changes
    UNSURE = "unsure"  # the names differ, and nothing that never changes can be compared
    UNKNOWN = "unknown"  # there is nothing of one kind to compare


def compare(known: Account, claim: AccountClaim, name_of: Hashed, eias_of: Hashed) -> AccountVerdict:
    """Whether what eBay told is of the known account. What never changes decides before names do."""
    if known.user_id and claim.user_id:
        return AccountVerdict.SAME if known.user_id == claim.user_id else AccountVerdict.OTHER
    if known.eias and claim.eias:
        return AccountVerdict.SAME if known.eias == eias_of(claim.eias) else AccountVerdict.OTHER
    if known.name and claim.name:
        return AccountVerdict.SAME if known.name == name_of(claim.name) else AccountVerdict.UNSURE
    return AccountVerdict.UNKNOWN


def seller_names(documents: Iterable[Any]) -> list[str]:
    """The sellers that orders name, each once, the newest order's last. What is no name is left out."""
    dated = [
        (str(one.get("creationDate")), name)
        for one in documents
        if isinstance(one, dict) and (name := usable(one.get("sellerId"))) is not None
    ]
    return list(reversed(dict.fromkeys(name for _, name in sorted(dated, reverse=True))))


def usable(word: Any) -> str | None:
    """The word, where it can be a name or an id."""
    return word if isinstance(word, str) and 0 < len(word) <= LONGEST and word.isprintable() and word.strip() else None


def _bytes(text: str | None) -> bytes | None:
    return bytes.fromhex(text) if text else None


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(float(seconds), UTC)
