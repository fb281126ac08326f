"""One message, as command line, page and API show it: who was sent it, each attempt, the body without the buyer until somebody asks."""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from typing import Any

from domain.delivery import AttemptOutcome, compose
from domain.delivery.hiding import hide
from operations.audit import audited
from operations.context import CommandContext
from operations.deliveries import unknown_change
from operations.errors import UnknownChangeError
from store.delivery.messages import MessageWay, StoredMessage
from store.schema.times import iso

FIELDS = ("id", "type", "seller_id", "position", "occurred_at", "detected_at")
MESSAGE_STATES = {
    "delivered": "it was taken",
    "again": "it is to be sent again",
    "failing": "it was not taken, and is tried again",
    "waiting": "it is to be sent",
    "off": "the endpoint is switched off: it is sent once that is on",
    "not sent": "no attempt is in the log: it is older than the endpoint or than the log, or was not among its types then",
}


async def message(
    context: CommandContext,
    author: str,
    message_id: str,
    *,
    body: bool = True,
    reveal: bool = False,
    sellers: Container[str] | None = None,
) -> dict[str, Any]:
    """A message by its id, which is its change's.

    Args:
        body: False: `body` is None, and `entity_id` is as without a buyer.
        reveal: with all that is personal. Who looked, at whose, stands in the audit.
        sellers: whose messages may be seen; None: everybody's and the fleet's.
    Raises:
        UnknownChangeError: there is none, or it was erased or cut off, or it may not be seen.
    """
    found = await context.ask(context.store.messages.find, message_id)
    if found is None or (sellers is not None and found.event["seller_id"] not in sellers):
        raise UnknownChangeError(unknown_change(message_id))
    if reveal:
        async with audited(context, author, "delivery.reveal", found.event["seller_id"], subject=message_id):
            return shown(found, body, reveal)
    return shown(found, body, reveal)


def shown(found: StoredMessage, body: bool, reveal: bool) -> dict[str, Any]:
    """As `starter.py delivery ID --json` prints it."""
    hidden = hide(found.event)
    event = found.event if reveal else hidden.event
    return {
        **{name: event[name] for name in (*FIELDS, "entity_id")},
        "endpoints": [_way(one, found) for one in found.ways],
        "attempts": list(found.attempts),
        "hidden": [] if reveal else list(hidden.fields),
        "revealed": reveal,
        "body": json.loads(compose(event, thin=False).body) if body else None,
    }


def _way(way: MessageWay, found: StoredMessage) -> dict[str, Any]:
    own = [one for one in found.attempts if one["endpoint_id"] == way.endpoint]
    state = state_of(way, own)
    waits = state in ("again", "failing", "waiting")
    return {
        "endpoint_id": way.endpoint,
        "state": state,
        "attempts": len(own),
        "last_at": own[0]["at"] if own else None,
        "next_at": iso(way.retry_at) if waits else None,
        "before": way.before if waits and not way.passed else 0,
        "thin": compose(found.event, way.thin).thin,
    }


def state_of(way: MessageWay, attempts: Sequence[dict[str, Any]]) -> str:
    """One of `MESSAGE_STATES`. `attempts`: of the endpoint, the newest first."""
    if way.off and (way.again or not way.passed):
        return "off"
    if way.again or not way.passed:
        failed = bool(attempts) and attempts[0]["outcome"] != AttemptOutcome.DELIVERED
        return "failing" if failed else "again" if way.again else "waiting"
    return "delivered" if any(one["outcome"] == AttemptOutcome.DELIVERED for one in attempts) else "not sent"
