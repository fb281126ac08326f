"""Commands of the API's tokens: made, listed, revoked."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

import typer

from console.arguments import between
from console.help import GroupedCommands
from console.output import Output, say, show, with_json
from domain.scopes import Scope
from operations.context import CommandContext
from operations.tokens import TokenTerms, create_token, listed_tokens, revoke_token

commands = typer.Typer()
token = typer.Typer(cls=GroupedCommands, help="Make, list and revoke tokens of the API.", no_args_is_help=False)
commands.add_typer(token, name="token")
COLUMNS = {
    "name": "name",
    "id": "id",
    "scope": "scope",
    "for": "for",
    "state": "state",
    "ends": "ends",
    "last_used_at": "last used",
    "created_by": "made by",
}


def new_context() -> CommandContext:
    return CommandContext("database_url", "secret_keys")


@token.command()
@with_json
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Stands in the audit as token:NAME.", show_default=False)],
    scope: Annotated[Scope, typer.Option("--scope", help="How far it goes; each holds the ones before it.", show_default=False)],
    ebay: Annotated[bool, typer.Option("--ebay", help="It may also ask for sellers' access tokens at eBay.")] = False,
    seller: Annotated[
        list[str] | None,
        typer.Option("--seller", metavar="SELLER", help="Only this one; may be repeated. All where left out."),
    ] = None,
    expires: Annotated[
        timedelta | None,
        typer.Option("--expires", parser=between("1m", "3650d"), metavar="DURATION", help="Such as 90d; else never."),
    ] = None,
) -> None:
    """Make a token of the API, and print it, once."""
    try:
        terms = TokenTerms(name, scope, ebay, tuple(seller or ()), expires)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    context = new_context()
    made, fields = asyncio.run(create_token(context, context.author, terms))
    say(f"token {name} ({made.id}) of scope {scope.value}, shown this once:\n{made.token}", **fields, token=made.token)


@token.command(name="list")
@with_json
def list_tokens() -> None:
    """Tokens in use, and those that ended in the last 30 days: how far each goes, its end, its last use."""
    rows = listed_tokens(new_context())
    if not Output.json:
        rows = [row | {"for": whom(row["sellers"], row["ebay"]), "ends": (row["expires_at"] or "never")[:16]} for row in rows]
    show(rows, COLUMNS, empty="no tokens yet; begin with: starter.py token create NAME --scope feed")


def whom(sellers: list[str] | None, ebay: bool) -> str:
    """`anna, bert and 3 more, with eBay's tokens`."""
    named = "all sellers" if sellers is None else ", ".join(sellers[:3]) + (f" and {len(sellers) - 3} more" if len(sellers) > 3 else "")
    return f"{named}, with eBay's tokens" if ebay else named


@token.command()
@with_json
def revoke(which: Annotated[str, typer.Argument(metavar="ID|NAME", help="As token list shows it.", show_default=False)]) -> None:
    """End a token. web.py lets it in for two seconds more at most."""
    context = new_context()
    fields = asyncio.run(revoke_token(context, context.author, which))
    say(f"token {fields['name']} ({fields['id']}) is revoked", id=fields["id"], name=fields["name"], state="revoked")
