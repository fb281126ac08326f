"""Commands of the delivery: endpoints, their secrets, the log of what was sent, and sending again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer

from activities.delivering.signing import send
from console.arguments import SellerOption
from console.output import Output, say, show, with_json
from domain.delivery import Message, WrongTypesError, compose, outcome_of, patterns
from operations.context import CommandContext
from operations.endpoints import listed
from operations.errors import FailedError
from outbound import Client, ForbiddenTargetError, NoAnswerError, Policy, check_url, system_resolver
from outbound.names import checked
from store.schema.times import iso

commands = typer.Typer()
endpoint = typer.Typer(help="Add, test, switch and remove one endpoint.", no_args_is_help=False)
commands.add_typer(endpoint, name="endpoint")
Id = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id, such as ep-1f2e3d4c.", show_default=False)]
EndpointOption = Annotated[str | None, typer.Option("--endpoint", metavar="ID", help="One endpoint only.")]
MANY = 10_000
RESOLVED_S = 5.0


def new_context() -> CommandContext:
    return CommandContext("database_url", "secret_keys")


@commands.command()
@with_json
def endpoints() -> None:
    """Who is told of changes: state, what waits, and the last answer."""
    rows = listed(new_context())
    columns = {"id": "endpoint", "state": "state", "types": "types", "waiting": "waiting", "last": "last answer", "url": "address"}
    if not Output.json:
        rows = [row | {"types": types_of(row), "last": words_of(row["last"])} for row in rows]
    show(rows, columns, empty="no endpoints: starter.py endpoint add URL --types 'order.*'")


def words_of(last: dict[str, Any] | None) -> str | None:
    """`delivered (200)`."""
    return f"{last['outcome']} ({last['status'] or last['kind']})" if last else None


def types_of(row: dict[str, Any]) -> str:
    return " ".join(row["types"]) + (f" of {row['seller_id']}" if row["seller_id"] else "")


@endpoint.command()
@with_json
def add(
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL", help="An https address, without user and password; of your own networks also http.", show_default=False
        ),
    ],
    types: Annotated[
        list[str] | None, typer.Option("--types", metavar="TYPES", help="Such as 'order.*' or order.created,alert.*; all where left out.")
    ] = None,
    seller: SellerOption = None,
    thin: Annotated[bool, typer.Option("--thin", help="Changes above 20 kB go without their documents, with a link to the feed.")] = False,
) -> None:
    """Tell an address of every change from now on, of all sellers or of one. Prints the secret, once."""
    context = new_context()
    try:
        chosen = patterns(types or [])
        checked(check_url(url, policy(context)), policy(context), system_resolver, time.monotonic() + RESOLVED_S)
    except WrongTypesError as error:
        raise typer.BadParameter(f"--types: {error}") from None
    except ForbiddenTargetError as error:
        raise typer.BadParameter(f"URL: {error}; docs/how-to/deliver.md says which addresses are taken") from None
    except NoAnswerError as error:
        raise FailedError(f"the endpoint is not added: {error}") from None
    endpoint_id, secret = context.store.endpoints.add(url, chosen, seller, thin)
    words = f"endpoint {endpoint_id} is told of {' '.join(chosen)} from now on; its secret, shown this once:\n{secret}"
    say(words, id=endpoint_id, url=url, types=chosen, seller_id=seller, thin=thin, secret=secret)


@endpoint.command()
@with_json
def secret(
    endpoint_id: Id,
    rotate: Annotated[bool, typer.Option("--rotate", help="Add a new secret; messages carry a signature for each.")] = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Sign with the newest secret alone.")] = False,
) -> None:
    """Change an endpoint's secret: --rotate, give the new one to the receiver, --drop-old. No secret is shown a second time."""
    if rotate is drop_old:
        raise typer.BadParameter("name one of --rotate and --drop-old")
    store = new_context().store
    if rotate:
        anew = store.endpoints.rotate(endpoint_id)
        say(f"endpoint {endpoint_id} signs with this secret too, shown this once:\n{anew}", id=endpoint_id, secret=anew)
    else:
        dropped = store.endpoints.drop_old(endpoint_id)
        say(f"endpoint {endpoint_id} signs with its newest secret alone; dropped: {dropped}", id=endpoint_id, dropped=dropped)


@endpoint.command()
@with_json
def enable(endpoint_id: Id) -> None:
    """Switch an endpoint on: it catches up from where it was."""
    new_context().store.endpoints.switch_on(endpoint_id)
    say(f"endpoint {endpoint_id} is on, and catches up", id=endpoint_id, state="on")


@endpoint.command()
@with_json
def disable(endpoint_id: Id) -> None:
    """Switch an endpoint off. Its place in the feed stays, so nothing is lost."""
    new_context().store.endpoints.switch_off(endpoint_id)
    say(f"endpoint {endpoint_id} is off", id=endpoint_id, state="off")


@endpoint.command()
@with_json
def remove(endpoint_id: Id) -> None:
    """Forget an endpoint, with its secrets, its place in the feed and its log."""
    new_context().store.endpoints.remove(endpoint_id)
    say(f"endpoint {endpoint_id} is removed", id=endpoint_id, state="removed")


@endpoint.command()
@with_json
def test(endpoint_id: Id) -> None:
    """Send one signed event of the type `endpoint.test` now, and show the answer. It is no change: no cursor moves."""
    context = new_context()
    one = context.store.endpoints.one(endpoint_id)
    now = iso(datetime.now(UTC))
    event = {"id": f"test-{uuid4()}", "type": "endpoint.test", "occurred_at": now, "endpoint": endpoint_id}
    message: Message = compose(event, thin=False)
    client = Client(policy(context))
    try:
        answer = send(client, one.url, message, context.store.endpoints.secrets(endpoint_id))
    except (ForbiddenTargetError, NoAnswerError) as error:
        raise FailedError(f"endpoint {endpoint_id} was not reached: {error}") from None
    finally:
        client.close()
    outcome = outcome_of(answer.status)
    outcome_fields = {
        "id": endpoint_id,
        "event_id": message.id,
        "outcome": outcome.value,
        "status": answer.status,
        "took_ms": round(answer.took_ms),
    }
    if outcome != "delivered":
        raise FailedError(f"endpoint {endpoint_id} answered {answer.status}: {outcome}")
    say(f"endpoint {endpoint_id} answered {answer.status} after {round(answer.took_ms)} ms", **outcome_fields)


@commands.command()
@with_json
def deliveries(
    endpoint: EndpointOption = None,
    seller: SellerOption = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was not taken.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MANY, help="So many, the newest.")] = 100,
) -> None:
    """The log of what was sent in the last 14 days, with the answers; the newest first."""
    rows = new_context().store.deliveries.log(endpoint, seller, failed, limit)
    columns = {"at": "at", "endpoint_id": "endpoint", "seller_id": "seller", "position": "position", "type": "type"}
    answers = {"attempt": "attempt", "outcome": "outcome", "status": "status", "kind": "why", "took_ms": "ms"}
    show(rows, columns | answers, empty="nothing was sent")


@commands.command()
@with_json
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID...]", help="Ids of changes.", show_default=False)] = None,
    endpoint: EndpointOption = None,
    first: Annotated[int | None, typer.Option("--from", min=1, metavar="POSITION", help="The first to be sent again.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=1, metavar="POSITION", help="The last one.")] = None,
    seller: SellerOption = None,
) -> None:
    """Send changes again, under the same ids: those named, a range of positions, or all of a seller."""
    if not ids and first is None and last is None and seller is None:
        raise typer.BadParameter("name changes by ID, by --from and --to, or by --seller")
    if first is not None and last is not None and last < first:
        raise typer.BadParameter("--to lies before --from")
    store = new_context().store
    if endpoint is not None:
        store.endpoints.one(endpoint)
    if ids and (unknown := store.deliveries.unknown(ids)):
        raise FailedError(f"no change has the id {unknown[0][:60]}; nothing is sent")
    asked = store.deliveries.replay(endpoint=endpoint, ids=ids, first=first, last=last, seller=seller)
    say(f"{asked} messages are sent again; what is not delivered yet comes anyway", messages=asked)


def policy(context: CommandContext) -> Policy:
    """What `starter.py endpoint` may call: the same as the worker."""
    return Policy(loopback=context.settings.delivery_loopback, networks=context.settings.own_networks())
