"""Commands that look after the deployment: tables and search attributes, keys, and what is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import typer
from cryptography.fernet import Fernet

from console.output import say, show, with_json
from console.progress import progress
from operations.audit import recorded
from operations.context import CommandContext
from operations.errors import FailedError
from operations.health import examine
from store import SecretError, Store
from store.schema.migrate import steps_left, upgrade
from workflows.attributes import KINDS
from workflows.client import TemporalUnavailableError
from workflows.visibility import AttributesMissingError, make, unknown

commands = typer.Typer()


@commands.command()
@with_json
def migrate() -> None:
    """Create or update the tables, and Temporal's search attributes. Safe to repeat; says so where workers have to stop first."""
    context = CommandContext("database_url")
    schema = context.settings.database_schema
    with progress("migrating the tables", steps_left(context.url, schema)) as one_more:
        revision = upgrade(context.url, lambda _: one_more(), schema)
    try:
        made = asyncio.run(search_attributes(context))
    except (TemporalUnavailableError, AttributesMissingError) as error:
        say(f"the tables are at revision {revision}", revision=revision, search_attributes=None)
        raise FailedError(f"the tables are done, Temporal's search attributes are left: {error}") from None
    words, seen = made
    say(f"the tables are at revision {revision}; {words}", revision=revision, search_attributes=list(KINDS) if seen else None)


async def search_attributes(context: CommandContext) -> tuple[str, bool]:
    """What was done, in words, and whether they are known to be there. Not to know is no failure: it may stay so, and workers start."""
    client = await context.temporal()
    names = await make(client)
    if names is None:
        return unknown(client), False
    return f"search attributes made: {', '.join(names)}" if names else "Temporal knows the search attributes", True


@commands.command()
@with_json
def doctor() -> None:
    """Check settings, Postgres, tables, Temporal, worker, eBay and clock, each with its remedy."""
    checks = asyncio.run(examine())
    show(checks, {"what": "what", "mark": "is", "found": "found"}, empty="nothing to check", sentences=("found",))
    if wrong := [check["what"] for check in checks if not check["ok"]]:
        raise FailedError(f"not well: {', '.join(wrong)}; begin with the first line marked x")


@commands.command()
@with_json
def new_key() -> None:
    """Print a fresh key for SELLERBEAT_SECRET_KEYS."""
    key = Fernet.generate_key().decode()
    say(key, key=key)


@commands.command()
@with_json
def rotate_keys() -> None:
    """Encrypt all stored tokens and secrets with the first of SELLERBEAT_SECRET_KEYS. Safe to repeat, and while workers run."""
    context = CommandContext("database_url", "secret_keys")
    store = context.store
    with recorded(context, "keys.rotate"):
        others = [what for what, rotate in OTHERS.items() if not _opens(rotate, store)]
        rotation = store.tokens.rotate()
        secrets, unreadable = store.endpoint_secrets.reseal()
        if lost := ", ".join((*rotation.unreadable, *unreadable, *others)):
            done = f"{rotation.sellers} sellers' tokens and {secrets} secrets of endpoints are encrypted anew"
            raise FailedError(f"{done}; no key in SELLERBEAT_SECRET_KEYS opens those of {lost}")
    words = f"tokens of {rotation.sellers} sellers and {secrets} secrets of endpoints are encrypted anew"
    say(f"{words}; no other key than the first is needed now", rotated=rotation.sellers, secrets=secrets)


OTHERS: dict[str, Callable[[Store], object]] = {
    "the key of hashes": lambda store: store.hashes.rotate(),
    "notifications of who left": lambda store: store.notifications.rotate(),
    "who is to be forgotten": lambda store: store.deletions.rotate(),
    "consents in work": lambda store: store.consents.rotate(),
}


def _opens(rotate: Callable[[Store], object], store: Store) -> bool:
    """One that no key opens must not keep the others under a key that is to be dropped."""
    try:
        rotate(store)
    except SecretError:
        return False
    return True
