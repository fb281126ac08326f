"""Tokens of the API, made, listed and revoked: behind command line, page and API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.scopes import LONGEST, MOST_SELLERS, SHORTEST, TOKEN_NAME, Scope, checked_name
from domain.seller_id import wrong_seller_id
from operations.audit import audited
from operations.context import CommandContext
from store.access.api_tokens import NewApiToken, UnknownApiTokenError, new_id
from store.schema.times import iso

TIMES = ("created_at", "expires_at", "last_used_at", "revoked_at")


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What a token is to be. Sellers need not be enrolled: an app may make the token first.

    Attributes:
        sellers: the only ones that it sees; none: all.
        lasting: until its end; None: it has none.
    """

    name: str
    scope: Scope
    ebay: bool = False
    sellers: tuple[str, ...] = ()
    lasting: timedelta | None = None

    def __post_init__(self) -> None:
        """Raises ValueError, with a line for whoever typed it."""
        checked_name(self.name)
        if wrong := next(filter(None, map(wrong_seller_id, self.sellers)), None):
            raise ValueError(wrong)
        if len(self.sellers) > MOST_SELLERS:
            raise ValueError(f"a token is narrowed to {MOST_SELLERS} sellers at most")
        if self.lasting is not None and not SHORTEST <= self.lasting <= LONGEST:
            raise ValueError(f"a token ends after a minute at the earliest, and after {LONGEST.days} days at the latest")


async def create_token(context: CommandContext, author: str, terms: TokenTerms) -> tuple[NewApiToken, dict[str, Any]]:
    """Make a token. Returns it, as it is shown once, and its fields as JSON has them.

    Raises:
        ApiTokenExistsError: one in use has this name.
        TooManyApiTokensError: a thousand are in use.
    """
    ends = await context.ask(context.store.levels.clock) + terms.lasting if terms.lasting else None
    token_id, sellers = new_id(), sorted(set(terms.sellers))
    fields = {"name": terms.name, "scope": terms.scope.value, "sellers": sellers or None, "ebay": terms.ebay, "expires_at": iso(ends)}
    async with audited(context, author, "token.create", subject=token_id, after=fields):
        made = await context.ask(
            context.store.api_tokens.create,
            terms.name,
            terms.scope,
            by=author,
            ebay=terms.ebay,
            sellers=sellers,
            expires_at=ends,
            token_id=token_id,
        )
    return made, {"id": token_id, **fields}


async def revoke_token(context: CommandContext, author: str, which: str) -> dict[str, Any]:
    """End a token by its id or name. Returns what it was. Raises UnknownApiTokenError."""
    if not TOKEN_NAME.fullmatch(which):  # Postgres takes not every text
        raise UnknownApiTokenError
    fields = _plain(await context.ask(context.store.api_tokens.one, which))
    before = {name: fields[name] for name in fields if name != "id"}
    async with audited(context, author, "token.revoke", subject=fields["id"], before=before):
        await context.ask(context.store.api_tokens.revoke, fields["id"])
    return fields


def listed_tokens(context: CommandContext) -> list[dict[str, Any]]:
    """All in use, and those that ended in the last 30 days: times as ISO-8601, never a token or its hash."""
    return [_plain(row) for row in context.store.api_tokens.all()]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if name in TIMES else value for name, value in row.items()}
