"""Who does what: every act of a person or a program on sellers, endpoints and tokens stands in the audit, whichever door it came by."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from domain.pacing import words
from operations.context import CommandContext
from store import StoreError

logger = logging.getLogger("sellerbeat.audit")


@asynccontextmanager
async def audited(
    context: CommandContext,
    author: str,
    action: str,
    seller_id: str | None = None,
    *,
    subject: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AsyncIterator[None]:
    """Written down before the act, and what became of it behind: an act whose process died stands there without an outcome.

    Args:
        author: such as `token:ci`, `page`, `os:alice`.
        action: such as `seller.pause`.
        subject: of an act on something else than a seller: its id.
        before, after: of a setting. Never a secret, never a person's data.
    Raises:
        StoreError: Postgres is away; then nothing was done.
    """
    row_id = await context.ask(context.store.audit.begin, author, action, seller_id, subject, before, after)
    done = False
    try:
        yield
        done = True
    finally:
        try:
            await context.ask(context.store.audit.end, row_id, done)
        except StoreError as error:
            _unended(action, error)


@contextmanager
def recorded(
    context: CommandContext,
    action: str,
    seller_id: str | None = None,
    *,
    subject: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    author: str | None = None,
) -> Iterator[None]:
    """As `audited`, of acts done in a thread or by the command line. `author`: None for who runs the command."""
    row_id = context.store.audit.begin(author or context.author, action, seller_id, subject, before, after)
    done = False
    try:
        yield
        done = True
    finally:
        try:
            context.store.audit.end(row_id, done)
        except StoreError as error:
            _unended(action, error)


def _unended(action: str, error: StoreError) -> None:
    """The act stands as it is, and so does its row."""
    logger.warning("an act's outcome was not written down", extra={"action": action, "error": type(error).__name__})


def differing(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[tuple[str, str | None, str | None]]:
    """What an act changed, for people: name, old and new value of each field that differs; None where there is none, or an empty one."""
    old, new = before or {}, after or {}
    fields = ((name.removesuffix("_s"), _in_words(name, old.get(name)), _in_words(name, new.get(name))) for name in {**old, **new})
    return [(name, was, now) for name, was, now in fields if was != now]


def _in_words(name: str, value: Any) -> str | None:
    match value:
        case None | [] | {} if not value:
            return None
        case bool():
            return "yes" if value else "no"
        case int() | float() if name.endswith("_s"):
            return words(value)
        case list():
            return ", ".join(map(str, value))
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
