"""Endpoints as command line, page and API show, change and try them. All of it raises UnknownEndpointError where there is none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from domain.delivery import WrongTypesError, patterns
from domain.delivery.latency import failure_rate, quantile
from domain.delivery.names import WrongEndpointNameError, checked_endpoint_name
from operations.alert_endpoints import MAIL, WEBHOOK, mail_address, shortened
from operations.audit import audited
from operations.context import CommandContext
from operations.errors import FailedError, NameUnknownError, WrongInputError
from outbound import ForbiddenTargetError, NoAnswerError, Policy, check_url, system_resolver
from outbound.names import checked
from settings import Settings
from store.delivery.endpoints import Endpoint, UnknownEndpointError, new_id
from store.delivery.figures import EndpointFigures
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
        "kind": one.kind,
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
    kind: str = WEBHOOK,
) -> dict[str, Any]:
    """Tell an address of every change from now on, as `endpoint add --json` prints it: with its secret, which is not told again.

    Args:
        types: such as `order.*`; none for all.
        name: for people, of no other endpoint.
        kind: `chat` and `mail` are for people: alerts alone, of all sellers, and there is no secret.
    Raises:
        WrongInputError: `types`, `name`, or `url`, which may not be called.
        NameUnknownError: the name in its address leads nowhere.
        UnknownSellerError: it is to be of one seller, who is not enrolled.
        EndpointNameTakenError: another one is called so.
        NotConfiguredError: there is no server for mail.
    """
    name = _named(name)
    if kind != WEBHOOK:
        return await _add_for_people(context, author, kind, url, bool(types), seller_id, thin, name)
    chosen = _chosen(types)
    await _check(context, url)
    endpoint_id = new_id()
    after = {"url": _origin(url), "types": chosen, "thin": thin} | ({"name": name} if name else {})
    async with audited(context, author, "endpoint.add", seller_id, subject=endpoint_id, after=after):
        _, secret = await context.ask(context.store.endpoints.add, url, chosen, seller_id, thin, endpoint_id, name)
    return {
        "id": endpoint_id,
        "name": name,
        "kind": kind,
        "url": url,
        "types": chosen,
        "seller_id": seller_id,
        "thin": thin,
        "secret": secret,
    }


async def _add_for_people(
    context: CommandContext, author: str, kind: str, url: str, typed: bool, seller_id: str | None, thin: bool, name: str | None
) -> dict[str, Any]:
    refused = {"types": typed, "seller": seller_id is not None, "thin": thin}
    if wrong := next((name for name, given in refused.items() if given), None):
        raise WrongInputError(wrong, f"is of webhooks alone: {kind} gets the alerts of all sellers, and nothing else")
    address = await _address(context, kind, url)
    endpoint_id, shown = new_id(), shortened(kind, address)
    async with audited(
        context, author, "endpoint.add", None, subject=endpoint_id, after={"kind": kind, "url": shown} | ({"name": name} if name else {})
    ):
        await context.ask(context.store.alert_endpoints.add, endpoint_id, kind, address, shown, name)
    return {"id": endpoint_id, "name": name, "kind": kind, "url": shown, "types": [], "seller_id": None, "thin": False, "secret": ""}


async def _address(context: CommandContext, kind: str, url: str) -> str:
    """Of chat or mail, checked, as it is sealed. Raises as `add_endpoint`."""
    if kind == MAIL:
        return mail_address(url, context.settings)
    await _check(context, url)
    return url


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
    name = _named(name)
    if one.kind != WEBHOOK:
        await _change_for_people(context, author, one, url, types, thin, name)
        return
    chosen = _chosen(types) if types is not None else None
    if url is not None:
        await _check(context, url)
    former = {"url": _origin(one.url), "types": list(one.types), "thin": one.thin, "name": one.name}
    after = {"url": _origin(url) if url is not None else None, "types": chosen, "thin": thin, "name": name}
    after = {name: value for name, value in after.items() if value is not None}
    before = {name: former[name] for name in after}
    async with audited(context, author, "endpoint.change", one.seller_id, subject=one.id, before=before, after=after):
        await context.ask(context.store.endpoints.change, one.id, url, chosen, thin, name)


async def _change_for_people(
    context: CommandContext,
    author: str,
    one: Endpoint,
    url: str | None,
    types: Sequence[str] | None,
    thin: bool | None,
    name: str | None,
) -> None:
    if types is not None or thin is not None:
        raise WrongInputError("types" if types is not None else "thin", f"is of webhooks alone: of {one.kind} address and name change")
    address = await _address(context, one.kind, url) if url is not None else None
    shown = shortened(one.kind, address) if address is not None else None
    after = {field: value for field, value in (("url", shown), ("name", name)) if value is not None}
    before = {field: {"url": one.url, "name": one.name}[field] for field in after}
    async with audited(context, author, "endpoint.change", None, subject=one.id, before=before, after=after):
        await context.ask(context.store.alert_endpoints.change, one.id, address, shown, name)


async def switch(context: CommandContext, author: str, endpoint_id: str, *, on: bool) -> None:
    """Off, its place in the feed stays, so nothing is lost; on, it catches up from there."""
    endpoints = context.store.endpoints
    one = await context.ask(endpoints.one, endpoint_id)
    action, after = ("endpoint.enable", "on") if on else ("endpoint.disable", "off")
    states = {"before": {"state": one.state}, "after": {"state": after}}
    async with audited(context, author, action, one.seller_id, subject=one.id, **states):
        await context.ask(endpoints.switch_on if on else endpoints.switch_off, one.id)


async def rotate_secret(context: CommandContext, author: str, endpoint_id: str) -> str:
    """A new secret beside the others: from now on each message is signed with all of them. Returns it.

    Raises:
        FailedError: it is for people, who verify no signature.
    """
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    _signs(one)
    async with audited(context, author, "endpoint.rotate", one.seller_id, subject=one.id):
        return await context.ask(context.store.endpoints.rotate, one.id)


async def drop_old_secrets(context: CommandContext, author: str, endpoint_id: str) -> int:
    """Only the newest secret signs from now on. Returns how many were dropped. Raises as `rotate_secret`."""
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    _signs(one)
    async with audited(context, author, "endpoint.drop_old", one.seller_id, subject=one.id):
        return await context.ask(context.store.endpoints.drop_old, one.id)


async def remove_endpoint(context: CommandContext, author: str, endpoint_id: str) -> None:
    """Forget it, with its secrets, its place in the feed and its log."""
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    before = {"url": _origin(one.url), "types": list(one.types), "thin": one.thin} if one.kind == WEBHOOK else {"url": one.url}
    async with audited(context, author, "endpoint.remove", one.seller_id, subject=one.id, before=before):
        await context.ask(context.store.endpoints.remove, one.id)


def _signs(one: Endpoint) -> None:
    if one.kind != WEBHOOK:
        raise FailedError(f"endpoint {one.id} is of the kind {one.kind}: nothing is signed, so it has no secret")


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
