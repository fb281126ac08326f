"""What was sent, as command line, page and API ask it."""

from __future__ import annotations

import re

from operations.context import CommandContext
from store.delivery.deliveries import AttemptFilter, AttemptPage
from store.schema.tables import LARGEST_ID

CHANGE_ID = re.compile(r"[a-z0-9-]{1,41}")


def log(context: CommandContext, chosen: AttemptFilter, limit: int = 100, before: int = LARGEST_ID) -> AttemptPage:
    """Attempts, the newest first, as `deliveries --json` prints them. Raises UnknownEndpointError."""
    if chosen.endpoint is not None:
        context.store.endpoints.one(chosen.endpoint)
    return context.store.deliveries.page(chosen, limit, before)


def unknown_change(given: str) -> str:
    """In words. A token that was pasted there is not shown."""
    return f"no change has {f'the id {given}' if CHANGE_ID.fullmatch(given) else 'such an id'}"
