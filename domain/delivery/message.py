"""What is sent of a change: a Standard Webhook's body, whole or thin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGE = 20_000  # bytes of a body; Standard Webhooks asks to stay below
THICK = ("previous", "data")  # what a thin change leaves out


@dataclass(frozen=True, slots=True)
class Message:
    """What an attempt posts; `compose` makes it."""

    id: str  # the change's, the same at each attempt: the receiver knows by it what it has already
    body: str  # JSON; what is signed is exactly what is sent
    thin: bool


def compose(event: Mapping[str, Any], thin: bool) -> Message:
    """A change, as the feed has it, as a message.

    Args:
        thin: where the whole is larger than 20 kB, leave out the documents and say where in the feed they are.
    """
    body = _body(event, event)
    if not thin or len(body.encode()) <= LARGE:
        return Message(event["id"], body, thin=False)
    rest = {name: value for name, value in event.items() if name not in THICK}
    return Message(event["id"], _body(event, rest | {"thin": True, "feed": link(event)}), thin=True)


def link(event: Mapping[str, Any]) -> str:
    """Where web.py has the whole change; behind its address."""
    return f"/v1/changes?after={event['position'] - 1}&limit=1"


def _body(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    return json.dumps({"type": event["type"], "timestamp": event["occurred_at"], "data": data}, ensure_ascii=False, separators=(",", ":"))
