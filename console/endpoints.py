"""Commands of the endpoints: who is told of changes, their secrets, on and off. What was sent is in `deliveries`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from console.arguments import SellerOption
from console.help import GroupedCommands
from console.known import seller_is_known
from console.output import say, with_json
from console.reports import show_endpoints
from operations import endpoint_trials
from operations import endpoints as operations
from operations.context import CommandContext
from operations.errors import FailedError, WrongInputError
from store import Endpoint

commands = typer.Typer()
endpoint = typer.Typer(cls=GroupedCommands, help="Add, test, switch and remove one endpoint.", no_args_is_help=False)
commands.add_typer(endpoint, name="endpoint")
Which = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's name, or its id such as ep-1f2e3d4c.", show_default=False)]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="For people, and for commands in place of the id.")]
Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="An https address, without user and password; of your own networks also http. Of mail a mail address.",
        show_default=False,
    ),
]
Types = Annotated[
    list[str] | None, typer.Option("--types", metavar="TYPES", help="Such as 'order.*' or order.created,alert.*; all where left out.")
]
Thin = Annotated[bool, typer.Option("--thin", help="Changes above 20 kB go without their documents, with a link to the feed.")]
OPTIONS = {"url": "URL", "types": "--types", "type": "--type", "name": "--name", "seller": "--seller", "thin": "--thin"}


class EndpointKind(StrEnum):
    WEBHOOK = "webhook"
    CHAT = "chat"
    MAIL = "mail"


KindOption = Annotated[
    EndpointKind,
    typer.Option("--kind", help="Chat (an incoming webhook as Slack has them) and mail are for people, who get alerts alone."),
]


def new_context() -> CommandContext:
    return CommandContext("database_url", "secret_keys")


@commands.command()
@with_json
def endpoints() -> None:
    """Who is told of changes: state, what waits, the next try, the last answer, and how the last 24 hours went."""
    show_endpoints(operations.listed(new_context()))


def opened(which: str) -> tuple[CommandContext, Endpoint]:
    """Raises UnknownEndpointError."""
    context = new_context()
    return context, context.store.endpoints.one(which)


@endpoint.command()
@with_json
def add(
    url: Url,
    types: Types = None,
    seller: SellerOption = None,
    thin: Thin = False,
    name: Name = None,
    kind: KindOption = EndpointKind.WEBHOOK,
) -> None:
    """Tell an address of every change from now on, of all sellers or of one. Prints the secret, once."""
    context = new_context()
    if seller is not None:
        seller_is_known(context, seller)
    with usage():
        made = asyncio.run(operations.add_endpoint(context, context.author, url, types or [], seller, thin, name, kind.value))
    called = f"{made['name']} ({made['id']})" if made["name"] else made["id"]
    if kind is not EndpointKind.WEBHOOK:
        say(f"endpoint {called} is written to of alerts from now on; see that it arrives: starter.py endpoint test {made['id']}", **made)
        return
    words = f"endpoint {called} is told of {' '.join(made['types'])} from now on; its secret, shown this once:\n{made['secret']}"
    say(words, **made)


@endpoint.command()
@with_json
def change(
    which: Which,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Another address; it is tried at once.")] = None,
    types: Types = None,
    thin: Annotated[bool | None, typer.Option("--thin/--whole", help="Whether large changes go without their documents.")] = None,
    name: Name = None,
) -> None:
    """Change an endpoint's name, its address or what it is told. It goes on from where it stands, under the same secret."""
    if url is None and not types and thin is None and name is None:
        raise typer.BadParameter("say what is to change: --name, --url, --types, --thin or --whole")
    context, one = opened(which)
    with usage():
        asyncio.run(operations.change_endpoint(context, context.author, one.id, url=url, types=types or None, thin=thin, name=name))
    say(f"endpoint {context.store.endpoints.one(one.id).words} is changed", **operations.shown(context, one.id))


@endpoint.command()
@with_json
def secret(
    which: Which,
    rotate: Annotated[bool, typer.Option("--rotate", help="Add a new secret; messages carry a signature for each.")] = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Sign with the newest secret alone.")] = False,
) -> None:
    """Change an endpoint's secret: --rotate, give the new one to the receiver, --drop-old. No secret is shown a second time."""
    if rotate is drop_old:
        raise typer.BadParameter("name one of --rotate and --drop-old")
    context, one = opened(which)
    if rotate:
        anew = asyncio.run(operations.rotate_secret(context, context.author, one.id))
        say(f"endpoint {one.words} signs with this secret too, shown this once:\n{anew}", id=one.id, secret=anew)
    else:
        dropped = asyncio.run(operations.drop_old_secrets(context, context.author, one.id))
        say(f"endpoint {one.words} signs with its newest secret alone; dropped: {dropped}", id=one.id, dropped=dropped)


@endpoint.command()
@with_json
def enable(which: Which) -> None:
    """Switch an endpoint on: it catches up from where it was."""
    context, one = opened(which)
    asyncio.run(operations.switch(context, context.author, one.id, on=True))
    say(f"endpoint {one.words} is on, and catches up", id=one.id, state="on")


@endpoint.command()
@with_json
def disable(which: Which) -> None:
    """Switch an endpoint off. Its place in the feed stays, so nothing is lost."""
    context, one = opened(which)
    asyncio.run(operations.switch(context, context.author, one.id, on=False))
    say(f"endpoint {one.words} is off", id=one.id, state="off")


@endpoint.command("deliver-now")
@with_json
def deliver_now(which: Which) -> None:
    """Deliver now what waits for a later try. Each seller's changes go in order, and tries are counted on."""
    context, one = opened(which)
    due = asyncio.run(endpoint_trials.deliver_now(context, context.author, one.id))
    say(f"endpoint {one.words}: {endpoint_trials.freed_words(due.events)}", id=one.id, retried=due.sellers, freed=due.events)


@endpoint.command()
@with_json
def remove(which: Which) -> None:
    """Forget an endpoint, with its secrets, its place in the feed and its log."""
    context, one = opened(which)
    asyncio.run(operations.remove_endpoint(context, context.author, one.id))
    say(f"endpoint {one.words} is removed", id=one.id, state="removed")


@endpoint.command()
@with_json
def test(
    which: Which,
    type_: Annotated[  # the id of what is sent begins with test-, whatever its type
        str | None, typer.Option("--type", metavar="TYPE", help="A sample of this type instead, such as order.refunded.")
    ] = None,  # noqa: PT028 - a command
) -> None:
    """Send one signed event of the type `endpoint.test` now, and show the answer. It is no change: no cursor moves.

    Where it is taken, what waits for a later try is sent now too."""
    with usage():
        endpoint_trials.check_type(type_)
    context, one = opened(which)
    with usage():
        found = asyncio.run(endpoint_trials.try_endpoint(context, context.author, one.id, type_))
    if found["status"] is None:
        raise FailedError(f"endpoint {one.words} was not reached: {found['text']}")
    if found["outcome"] != "delivered":
        raise FailedError(f"endpoint {one.words} answered {found['status']}: {found['outcome']}")
    said = {name: found[name] for name in ("id", "event_id", "outcome", "status", "took_ms", "freed")}
    freed = endpoint_trials.tried_words(found)
    say(f"endpoint {one.words} answered {found['status']} after {found['took_ms']} ms" + (f"; {freed}" if freed else ""), **said)


@contextmanager
def usage() -> Iterator[None]:
    """What makes no sense is wrong usage, named as the command line does."""
    try:
        yield
    except WrongInputError as error:
        more = "; docs/how-to/deliver.md says which addresses are taken" if error.field == "url" else ""
        raise typer.BadParameter(f"{OPTIONS.get(error.field, error.field)}: {error.words}{more}") from None
