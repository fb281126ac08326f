"""The search attributes of a seller's workflow: what the Web UI's list is filtered by. Pure; who makes them on the server: `visibility.py`.

Each write is an event of the history, so nothing stands here that changes with every poll (that is in the card, `card.py`). The last change
is told by the hour: a seller who always sells costs 24 events a day beside some 8,000. Failures are told in steps (1, 2, 4, 8, ...): a
night's outage costs ten.

What is written is part of the workflow's path: whoever changes the words of a state, or these roundings, does it behind `workflow.patched`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, TypedSearchAttributes

from workflows.state import PollingState

STATE = SearchAttributeKey.for_keyword("SellerbeatState")
TIER = SearchAttributeKey.for_keyword("SellerbeatTier")
FAILURES = SearchAttributeKey.for_int("SellerbeatFailures")
LAST_CHANGE = SearchAttributeKey.for_datetime("SellerbeatLastChange")
KINDS: dict[str, str] = {STATE.name: "Keyword", TIER.name: "Keyword", FAILURES.name: "Int", LAST_CHANGE.name: "Datetime"}
"""Each one's name and type, as Temporal's tools write them."""
FLAGS = tuple(word for name, kind in KINDS.items() for word in ("--search-attribute", f"{name}={kind}"))
"""For a dev server (`temporal server start-dev`), which makes them as it starts."""


def differences(state: PollingState, written: TypedSearchAttributes) -> list[SearchAttributeUpdate[Any]]:
    """What is to be written so that the list tells the state; usually nothing. `written`: what stands there."""
    values: list[tuple[SearchAttributeKey[Any], Any]] = [
        (STATE, state.state()[0]),
        (TIER, state.tier),
        (FAILURES, in_steps(max((mine.failures for mine in state.streams.values()), default=0))),
        (LAST_CHANGE, by_the_hour(state.changed_at)),
    ]
    return [key.value_set(value) for key, value in values if value is not None and written.get(key) != value]


def in_steps(failures: int) -> int:
    """0, 1, 2, 4, 8, ...: the largest that is not more than there were. `>= 4` is exactly "more than 3 in a row"."""
    return 1 << failures.bit_length() - 1 if failures else 0


def by_the_hour(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(minute=0, second=0, microsecond=0)
