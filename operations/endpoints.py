"""Endpoints as command line, page and API show, change and try them. All of it raises UnknownEndpointError where there is none."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from activities.delivering.signing import send
from domain.delivery import TYPES, AttemptOutcome, WrongTypesError, compose, outcome_of, patterns, wrong_type
from domain.delivery.latency import failure_rate, quantile
from domain.delivery.names import WrongEndpointNameError, checked_endpoint_name
from operations.audit import audited
from operations.context import CommandContext
from operations.errors import FailedError, NameUnknownError, WrongInputError
from outbound import Client, ForbiddenTargetError, NoAnswerError, Policy, check_url, system_resolver
from outbound.names import checked
from settings import Settings
from store.delivery.endpoints import Endpoint, UnknownEndpointError, new_id
from store.delivery.figures import EndpointFigures
from store.delivery.retrying import MANY, MadeDue
from store.schema.times import iso

RESOLVED_S = 5.0


def policy_of(settings: Settings) -> Policy:
    """Whom deliveries may reach: the same for who registers an endpoint, tries it, and delivers."""
    return Policy(loopback=settings.delivery_loopback, networks=settings.own_networks())


def listed(context: CommandContext) -> list[dict[str, Any]]:
    """All endpoints: settings, state, what waits, the next try, the last answer, and how the last 24 hours went."""
    found = context.store.delivery_figures.of()
    return [described(one) | figures(found[one.id]) for one in context.store.endpoints.all() if one.id in found]


def shown(context: CommandContext, endpoint_id: str) -> dict[str, Any]:
    """One of them, by its id or name, likewise. Raises UnknownEndpointError."""
    one = context.store.endpoints.one(endpoint_id)
    found = context.store.delivery_figures.of(one.id).get(one.id)
    if found is None:  # removed meanwhile
        raise UnknownEndpointError(one.id)
    return described(one) | figures(found)


def described(one: Endpoint) -> dict[str, Any]:
    """An endpoint's settings and state, without its secrets; times in ISO."""
    return {
        "id": one.id,
        "name": one.name,
        "url": one.url,
        "types": list(one.types),
        "seller_id": one.seller_id,
        "thin": one.thin,
        "state": one.state,
        "off_reason": one.off_reason,
        "failing_since": iso(one.failing_since),
        "created_at": iso(one.created_at),
    }


def figures(of: EndpointFigures) -> dict[str, Any]:
    """What waits and since when the oldest (`again`: to be sent again), the next try, the last answer, and the last 24 hours."""
    rate = failure_rate(of.delivered, of.failed)
    return {
        "waiting": of.waiting.changes,
        "again": of.waiting.again,
        "oldest_at": iso(of.waiting.since),
        "next_try_at": iso(of.next_try_at),
        "last": of.last,
        "day": {
            "since": iso(of.since),
            "delivered": of.delivered,
            "failed": of.failed,
            "failure_rate": round(rate, 6) if rate is not None else None,
            "median_ms": quantile(of.times, 0.5),
            "p95_ms": quantile(of.times, 0.95),
        },
    }


async def add_endpoint(
    context: CommandContext,
    author: str,
    url: str,
    types: Sequence[str],
    seller_id: str | None = None,
    thin: bool = False,
    name: str | None = None,
) -> dict[str, Any]:
    """Tell an address of every change from now on, as `endpoint add --json` prints it: with its secret, which is not told again.

    Args:
        types: such as `order.*`; none for all.
        name: for people, of no other endpoint.
    Raises:
        WrongInputError: `types`, `name`, or `url`, which may not be called.
        NameUnknownError: the name in its address leads nowhere.
        UnknownSellerError: it is to be of one seller, who is not enrolled.
        EndpointNameTakenError: another one is called so.
    """
    chosen, name = _chosen(types), _named(name)
    await _check(context, url)
    endpoint_id = new_id()
    after = {"url": _origin(url), "types": chosen, "thin": thin} | ({"name": name} if name else {})
    async with audited(context, author, "endpoint.add", seller_id, subject=endpoint_id, after=after):
        _, secret = await context.ask(context.store.endpoints.add, url, chosen, seller_id, thin, endpoint_id, name)
    return {"id": endpoint_id, "name": name, "url": url, "types": chosen, "seller_id": seller_id, "thin": thin, "secret": secret}


async def change_endpoint(
    context: CommandContext,
    author: str,
    endpoint_id: str,
    *,
    url: str | None = None,
    types: Sequence[str] | None = None,
    thin: bool | None = None,
    name: str | None = None,
) -> None:
    """Change what is given. It goes on from where it stands, and another address is tried at once. Raises as `add_endpoint`."""
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    chosen, name = _chosen(types) if types is not None else None, _named(name)
    if url is not None:
        await _check(context, url)
    former = {"url": _origin(one.url), "types": list(one.types), "thin": one.thin, "name": one.name}
    after = {"url": _origin(url) if url is not None else None, "types": chosen, "thin": thin, "name": name}
    after = {name: value for name, value in after.items() if value is not None}
    before = {name: former[name] for name in after}
    async with audited(context, author, "endpoint.change", one.seller_id, subject=one.id, before=before, after=after):
        await context.ask(context.store.endpoints.change, one.id, url, chosen, thin, name)


async def switch(context: CommandContext, author: str, endpoint_id: str, *, on: bool) -> None:
    """Off, its place in the feed stays, so nothing is lost; on, it catches up from there."""
    endpoints = context.store.endpoints
    one = await context.ask(endpoints.one, endpoint_id)
    action, after = ("endpoint.enable", "on") if on else ("endpoint.disable", "off")
    states = {"before": {"state": one.state}, "after": {"state": after}}
    async with audited(context, author, action, one.seller_id, subject=one.id, **states):
        await context.ask(endpoints.switch_on if on else endpoints.switch_off, one.id)


async def deliver_now(context: CommandContext, author: str, endpoint_id: str) -> MadeDue:
    """Try now what waits for a later try at it. Each seller's changes go in order, and tries are counted on.

    Raises:
        FailedError: the endpoint is switched off.
    """
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    if one.off_at:
        raise FailedError(
            f"endpoint {one.id} is switched off: switch it on (starter.py endpoint enable {one.id}), and it catches up at once"
        )
    async with audited(context, author, "endpoint.retry", one.seller_id, subject=one.id):
        return await context.ask(context.store.delivery_retries.now, one.id)


async def rotate_secret(context: CommandContext, author: str, endpoint_id: str) -> str:
    """A new secret beside the others: from now on each message is signed with all of them. Returns it."""
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    async with audited(context, author, "endpoint.rotate", one.seller_id, subject=one.id):
        return await context.ask(context.store.endpoints.rotate, one.id)


async def drop_old_secrets(context: CommandContext, author: str, endpoint_id: str) -> int:
    """Only the newest secret signs from now on. Returns how many were dropped."""
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    async with audited(context, author, "endpoint.drop_old", one.seller_id, subject=one.id):
        return await context.ask(context.store.endpoints.drop_old, one.id)


async def remove_endpoint(context: CommandContext, author: str, endpoint_id: str) -> None:
    """Forget it, with its secrets, its place in the feed and its log."""
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    before = {"url": _origin(one.url), "types": list(one.types), "thin": one.thin}
    async with audited(context, author, "endpoint.remove", one.seller_id, subject=one.id, before=before):
        await context.ask(context.store.endpoints.remove, one.id)


async def try_endpoint(context: CommandContext, author: str, endpoint_id: str, type_: str | None = None) -> dict[str, Any]:
    """Send one signed event now, of the type `endpoint.test` or a sample of another one. It is no change: no cursor moves.

    Where it is taken, what waits for a later try is sent now too, unless the endpoint is switched off.

    Returns:
        `{"id", "event_id", "outcome", "status", "kind", "text", "took_ms", "freed", "off"}`; `status` None: there was no answer, and
        why say `kind` and, for people, `text`; `freed`: events that waited and are sent now.
    Raises:
        SecretError: no key opens its secret.
        WrongInputError: no such type.
    """
    if type_ is not None and type_ not in TYPES:
        raise WrongInputError("type", wrong_type(type_))
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    secrets = await context.ask(context.store.endpoints.secrets, one.id)
    async with audited(context, author, "endpoint.test", one.seller_id, subject=one.id):
        found = await context.call_out(_post, policy_of(context.settings), one, secrets, type_)
        freed = 0
        if found["outcome"] == AttemptOutcome.DELIVERED and not one.off_at:
            freed = (await context.ask(context.store.delivery_retries.now, one.id)).events
    return found | {"freed": freed, "off": one.off_at is not None}


def _post(policy: Policy, one: Endpoint, secrets: Sequence[str], type_: str | None) -> dict[str, Any]:
    from operations.catalogue.samples import trial_event  # here: it makes the models of all events, which few commands need

    plain = {"id": f"test-{uuid4()}", "type": "endpoint.test", "occurred_at": iso(datetime.now(UTC)), "endpoint": one.id}
    event = plain if type_ is None else trial_event(type_)
    message, began = compose(event, thin=False), time.monotonic()
    status: int | None = None
    kind, text = "", ""
    with closing(Client(policy)) as client:
        try:
            status = send(client, one.url, message, secrets).status
            outcome = outcome_of(status)
        except NoAnswerError as error:
            outcome, kind, text = AttemptOutcome.UNANSWERED, error.kind, str(error)
        except ForbiddenTargetError as error:
            outcome, kind, text = AttemptOutcome.FORBIDDEN, error.reason, str(error)
    took_ms = round((time.monotonic() - began) * 1000)
    found = {"outcome": outcome.value, "status": status, "kind": kind or None, "text": text or None, "took_ms": took_ms}
    return {"id": one.id, "event_id": message.id, **found}


def freed_words(events: int) -> str:
    """`12 events that waited for a later try are sent now`; of none that nothing waited."""
    if not events:
        return "nothing waited for a later try"
    number = f"{events:,} or more" if events >= MANY else f"{events:,}"
    return (
        f"{number} event that waited for a later try is sent now"
        if events == 1
        else f"{number} events that waited for a later try are sent now"
    )


def tried_words(found: Mapping[str, Any]) -> str:
    """What a test that was answered well sets free, by what `try_endpoint` returns; "" where nothing waited."""
    if found["off"]:
        return "the endpoint is switched off, so nothing else is sent: switch it on, and it catches up"
    return freed_words(found["freed"]) if found["freed"] else ""


def _named(name: str | None) -> str | None:
    try:
        return checked_endpoint_name(name) if name is not None else None
    except WrongEndpointNameError as error:
        raise WrongInputError("name", str(error)) from None


def _chosen(types: Sequence[str]) -> list[str]:
    try:
        return patterns(types)
    except WrongTypesError as error:
        raise WrongInputError("types", str(error)) from None


async def _check(context: CommandContext, url: str) -> None:
    """Raises WrongInputError."""
    policy = policy_of(context.settings)
    try:
        await context.call_out(lambda: checked(check_url(url, policy), policy, system_resolver, time.monotonic() + RESOLVED_S))
    except ForbiddenTargetError as error:
        raise WrongInputError("url", str(error)) from None
    except NoAnswerError as error:
        raise NameUnknownError(f"the address is not taken: {error}") from None


def _origin(url: str) -> str:
    """What the audit may have of an address: its path may be as good as a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
