"""What an endpoint that works again is sent at once: by hand, or since a test of it was answered well."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from activities.delivering.signing import send
from domain.delivery import TYPES, AttemptOutcome, compose, outcome_of, wrong_type
from operations.alert_endpoints import PREFIX, WEBHOOK, send_sample
from operations.audit import audited
from operations.context import CommandContext
from operations.endpoints import policy_of
from operations.errors import FailedError, WrongInputError
from outbound import Client, ForbiddenTargetError, NoAnswerError, Policy
from store.delivery.endpoints import Endpoint
from store.delivery.retrying import MANY, MadeDue
from store.schema.times import iso


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
        return await _made_due(context, one)


def check_type(type_: str | None) -> None:
    """Of a sample; None: none is asked for. Raises WrongInputError."""
    if type_ is not None and type_ not in TYPES:
        raise WrongInputError("type", wrong_type(type_))


async def try_endpoint(context: CommandContext, author: str, endpoint_id: str, type_: str | None = None) -> dict[str, Any]:
    """Send one signed event now, of the type `endpoint.test` or a sample of another one. It is no change: no cursor moves.

    Where it is taken, what waits for a later try is sent now too, unless the endpoint is switched off.
    People get a message that says that it is a test; it counts not towards their minute.

    Returns:
        `{"id", "event_id", "outcome", "status", "kind", "text", "took_ms", "freed", "off"}`; `status` None: there was no answer, and
        why say `kind` and, for people, `text`; `freed`: events that waited and are sent now.
    Raises:
        SecretError: no key opens its secret.
        WrongInputError: no such type.
    """
    check_type(type_)
    one = await context.ask(context.store.endpoints.one, endpoint_id)
    if type_ is not None and one.kind != WEBHOOK:
        raise WrongInputError("type", f"is of webhooks alone: {one.kind} gets a message that says that it is a test")
    secrets = await context.ask(context.store.endpoints.secrets, one.id)
    async with audited(context, author, "endpoint.test", one.seller_id, subject=one.id):
        if one.kind == WEBHOOK:
            found = await context.call_out(_post, policy_of(context.settings), one, secrets, type_)
        else:
            address = secrets[0].removeprefix(PREFIX)
            found = await context.call_out(send_sample, context.settings, policy_of(context.settings), one.id, one.kind, address)
        freed = 0
        if found["outcome"] == AttemptOutcome.DELIVERED and not one.off_at:
            freed = (await _made_due(context, one)).events
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


async def _made_due(context: CommandContext, one: Endpoint) -> MadeDue:
    """What waits for a later try is due. People are not written to before the minute of their last message is over."""
    if one.kind == WEBHOOK:
        return await context.ask(context.store.delivery_retries.now, one.id)
    messages = await context.ask(context.store.alert_endpoints.retry, one.id)
    return MadeDue(messages, messages)


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
