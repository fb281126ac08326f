"""`starter.py doctor`: every part asked once; what is wrong comes with its remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.delivering.mail import Mailer, MailRefusedError, NoMailServerError
from activities.fleet.feed_memory import watchdog_id
from activities.fleet.lost_sellers import lost_of, queues
from domain.health import KEYS_REMEDY, UNPAUSE, HealthPart, findings, standstill
from ebay.errors import EbayError
from operations.alert_endpoints import MAIL
from operations.context import CommandContext
from operations.errors import FailedError
from operations.visit import NotLookedAtError, NotSeenError, Visit
from settings import Settings, SettingsError
from store import Store, StoreError, StoreUnavailableError
from store.schema.engine import CLIENT_SETTINGS
from store.schema.errors import NotAllowedError
from store.schema.migrate import examine as tables
from store.schema.migrate import newest
from store.schema.session import TIMEOUTS
from store.schema.standing import standing
from workflows.attributes import KINDS
from workflows.client import TemporalUnavailableError
from workflows.schedules import lacking_schedules
from workflows.visibility import AttributesMissingError, check

EXPECTED = (SettingsError, StoreError, EbayError, TemporalUnavailableError, AttributesMissingError, FailedError, RPCError)
OF_POLLING = (  # besides what keeps everybody from it
    *(HealthPart.TEMPORAL, HealthPart.SCHEDULES, HealthPart.DEPLOYMENTS, HealthPart.EBAY, HealthPart.POLLING, HealthPart.CLOCK),
)
CLOCK_S = 30  # so far our clock may be off eBay's: an answer's date has whole seconds, and took a while


async def examine() -> list[dict[str, Any]]:
    """One row a check: `what`, `ok`, `mark` (ok, x, or ! for a warning), `found` (with the remedy where it is not ok)."""
    visit = Visit()
    first, *others = [await examined(what, look, visit) for what, look in CHECKS]
    unseen = {"found": "not looked at: the settings come first"}
    return [first, *(row | unseen if row["found"] == first["found"] else row for row in others)]


async def examined(what: str, look: Callable[[Visit], Awaitable[str]], visit: Visit) -> dict[str, Any]:
    """One row of `examine`."""
    try:
        found, mark = await look(visit), "ok"
    except NotSeenError as warning:
        found, mark = str(warning), "!"
    except EXPECTED as error:
        found, mark = str(error), "x"
    return {"mark": mark, "what": what, "ok": mark != "x", "found": found}


async def _settings(visit: Visit) -> str:
    CommandContext.whole()
    return "all that the worker needs is set"


async def _postgres(visit: Visit) -> str:
    context = CommandContext("database_url")
    found = await asyncio.to_thread(standing, context.url, context.settings.database_schema)
    lock, statement, idle = (found.waits[name] for name in TIMEOUTS)
    return (
        f"reached {found.between} as {found.role}, which has its rights; waits end: connecting {CLIENT_SETTINGS['connect_timeout']}s, "
        f"lock {lock}, statement {statement}, idle in a transaction {idle}"
    )


async def _tables(visit: Visit) -> str:
    context = CommandContext("database_url")
    try:
        found = await asyncio.to_thread(tables, context.url, context.settings.database_schema)
    except (StoreUnavailableError, NotAllowedError):
        raise NotLookedAtError("not looked at: Postgres comes first") from None
    visit.tables = True
    return f"at revision {found}, " + ("as this version needs them" if found == newest() else "of a later version, good for this one too")


async def _partitions(visit: Visit) -> str:
    store = _tables_first(visit)
    if lacking := await asyncio.to_thread(store.soundness.partitions):
        raise FailedError(f"{'; '.join(lacking)}: see docs/runbooks/partition_missing.md")
    return "changes, polls and deliveries have those they need"


async def _log(visit: Visit) -> str:
    if words := await asyncio.to_thread(_tables_first(visit).soundness.log):
        raise NotSeenError(words)
    return "Postgres's log holds no statement of ours, and so no buyer"


async def _sequences(visit: Visit) -> str:
    store = _tables_first(visit)
    doubled, gapped = await asyncio.to_thread(store.soundness.sequences)
    if doubled:
        raise FailedError(
            f"changes of {', '.join(doubled)} have a sequence or an id twice: two writers? See docs/runbooks/two_deployments.md"
        )
    if gapped:
        raise NotSeenError(f"changes of {', '.join(gapped)} lack a sequence; after a restore one jump is right, else tell the developers")
    return "without a gap in the newest changes"


async def _writes(visit: Visit) -> str:
    store = _tables_first(visit)
    if refusal := await asyncio.to_thread(store.health.refusal):
        raise FailedError(f"nothing can be stored: {refusal}")
    return "Postgres takes a row"


async def _keys(visit: Visit) -> str:
    store = _tables_first(visit)
    if not await asyncio.to_thread(store.presence.opens_tokens):
        raise FailedError(f"the keys here open no stored token: {KEYS_REMEDY}")
    return "SELLERBEAT_SECRET_KEYS opens the stored tokens"


async def _polling(visit: Visit) -> str:
    """What Postgres knows, as workers say in it how they are: also where Temporal is dead."""
    store = _tables_first(visit)
    facts = replace(await asyncio.to_thread(store.health.facts), task_queue=CommandContext().settings.task_queue)
    stands = standstill(facts)
    if wrong := [stands] if stands else [one for one in findings(facts) if one.part in OF_POLLING]:
        raise FailedError("; ".join(f"{one.line()} (see {one.runbook})" for one in wrong))
    if behind := [one for one in findings(facts) if one.part is HealthPart.NOTIFICATIONS]:
        raise NotSeenError("; ".join(f"{one.line()} (see {one.runbook})" for one in behind))
    return f"{facts.awake:,} seller{'' if facts.awake == 1 else 's'} to be polled, and none is overdue"


def _tables_first(visit: Visit) -> Store:
    """Raises NotLookedAtError: the tables are not as they have to be."""
    if not visit.tables:
        raise NotLookedAtError("not looked at: the tables come first")
    return CommandContext("database_url").store


async def _temporal(visit: Visit) -> str:
    visit.client = await CommandContext().temporal()
    return f"reached at {visit.client.service_client.config.target_host}"


async def _namespace(visit: Visit) -> str:
    client = visit.temporal()
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise FailedError(
                f"there is no {client.namespace}: make it with `temporal operator namespace create`, or correct TEMPORAL_NAMESPACE"
            ) from None
        raise FailedError(f"Temporal refuses to tell of {client.namespace}: {error.message}; is TEMPORAL_API_KEY right?") from None
    visit.namespace = True
    return f"{client.namespace} is there"


async def _search_attributes(visit: Visit) -> str:
    client = visit.temporal()
    if not visit.namespace:
        raise NotLookedAtError("not looked at: the namespace comes first")
    if not await check(client):
        raise NotSeenError(f"Temporal does not tell us; see that the namespace has {', '.join(KINDS)}, or workflows stand still")
    return f"{', '.join(KINDS)} are there"


async def _worker(visit: Visit) -> str:
    client, context = visit.temporal(), CommandContext()
    queue = context.settings.task_queue
    if not visit.namespace:
        raise NotLookedAtError("not looked at: the namespace comes first")
    if not await context.has_worker(client):
        raise FailedError(f"nobody works on task queue {queue}: start worker.py")
    lacking, paused = await lacking_schedules(client, queue)
    if paused:
        raise FailedError(f"one works, but in Temporal the schedules {', '.join(paused)} are paused: {UNPAUSE.format(id=paused[0])}")
    if lacking:
        names = ", ".join(lacking)
        raise FailedError(
            f"one works, but Temporal lacks the schedules {names}: it makes them within a minute, once starter.py migrate is run"
        )
    with suppress(SettingsError, StoreError):  # lines of their own tell
        await all_are_polled(client, CommandContext("database_url").store, queue)
    return f"works on task queue {queue}"


async def all_are_polled(client: Client, store: Store, queue: str) -> None:
    """Raises FailedError: sellers have no workflow, by the watchdog's own measure, or one that no worker of this task queue runs."""
    enrolled = await asyncio.to_thread(store.enrolled)
    for wait_s in (0, 1, 2):  # who was enrolled just now is listed a moment later
        await asyncio.sleep(wait_s)
        running = await queues(client)
        if not (lost := lost_of(enrolled, running)):
            break
    if lost:
        words = f"one works, but of {len(enrolled)} sellers {len(lost)} have no workflow, {lost[0]} for one"
        raise FailedError(f"{words}: its watchdog starts them within some minutes; see the schedule {watchdog_id(queue)}")
    if elsewhere := lost_of(enrolled, [one for one, on in running.items() if on == queue]):
        words = f"one works, but {len(elsewhere)} sellers' workflows are on another task queue, {elsewhere[0]}'s for one"
        raise FailedError(f"{words}: start a worker there, or end them in Temporal, and the watchdog starts them here")


async def _ebay(visit: Visit) -> str:
    context = CommandContext("ebay_client_id", "ebay_client_secret")
    with context.oauth() as oauth:
        visit.token = oauth.application()
    return f"grants the application a token at {context.settings.ebay_api_url}"


async def _clock(visit: Visit) -> str:
    if visit.token is None:
        raise NotLookedAtError("not looked at: eBay comes first")
    return clock(visit.token.date, datetime.now(UTC))


def clock(ebays: datetime, ours: datetime) -> str:
    """Cursors follow eBay's clock, so that a wrong one here loses nothing; but what is shown and what is awaited follow ours."""
    off = round((ours - ebays).total_seconds())
    words = f"this machine's clock is {abs(off)} s {'ahead of' if off > 0 else 'behind'} eBay's"
    if abs(off) > CLOCK_S:
        raise NotSeenError(f"{words}: let it follow a time server (timedatectl set-ntp true)")
    return words if off else "this machine's clock and eBay's agree"


async def _deliveries(visit: Visit) -> str:
    if visit.tables:
        facts = await asyncio.to_thread(CommandContext("database_url").store.health.facts)
        if wrong := [one for one in findings(facts) if one.part is HealthPart.DELIVERY]:
            raise FailedError("; ".join(f"{one.line()} (see {one.runbook})" for one in wrong))
    return f"go {where_deliveries_go(CommandContext().settings)}"


def where_deliveries_go(settings: Settings) -> str:
    """What is open to them, in words."""
    named = ", ".join(map(str, settings.own_networks()))
    ways = ["the internet by https on 443 and 8443", f"receivers at {named} by plain http too" if named else "no private address"]
    if settings.delivery_loopback:
        ways.append("this machine's loopback")
    return ", ".join(f"to {way}" for way in ways)


async def mail(visit: Visit) -> str:
    """Whether mail of alerts can be handed over: connects and logs in, and sends nothing. Raises FailedError."""
    context = CommandContext()
    server = context.settings.mail_server()
    if server is not None:
        try:
            await asyncio.to_thread(Mailer(server).check)
        except (MailRefusedError, NoMailServerError) as error:
            raise FailedError(f"cannot be sent by {server.shown}: {error}; see SELLERBEAT_SMTP_URL") from None
        return f"can be sent by {server.shown}, from {server.sender}"
    if visit.tables and any(one.kind == MAIL for one in await asyncio.to_thread(CommandContext("database_url").store.endpoints.all)):
        raise FailedError("there are endpoints for mail, and SELLERBEAT_SMTP_URL is not set: docs/how-to/alerts.md")
    return "is not sent: SELLERBEAT_SMTP_URL is not set"


CHECKS: tuple[tuple[str, Callable[[Visit], Awaitable[str]]], ...] = (
    ("settings", _settings),
    ("Postgres", _postgres),
    ("tables", _tables),
    ("writes", _writes),
    ("keys", _keys),
    ("partitions", _partitions),
    ("sequences", _sequences),
    ("log", _log),
    ("Temporal", _temporal),
    ("namespace", _namespace),
    ("search attributes", _search_attributes),
    ("worker", _worker),
    ("polling", _polling),
    ("eBay", _ebay),
    ("clock", _clock),
    ("deliveries", _deliveries),
    ("mail", mail),
)
