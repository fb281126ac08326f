"""The product's protections, and how to take each out, so that a test can be seen to fail without it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

import activities.polling.orders
import activities.polling.poll
import store.events.events
import store.sellers.tokens
import store.steps.commit
import store.steps.steps
from store.schema.errors import translated

SOONER = text("UPDATE sellerbeat.streams SET cursor = greatest(cursor, :cursor) WHERE seller_id = :seller_id AND stream = :stream")


def without_fence() -> None:
    """A step commits whether or not a later one has begun."""
    everyone = "SELECT clock_timestamp() FROM sellerbeat.sellers WHERE seller_id = :seller_id AND :epoch > 0 FOR NO KEY UPDATE"
    store.steps.steps.LOCK_SELLER_AT_EPOCH = text(everyone)


def without_overlap() -> None:
    """A poll reads on from the cursor itself."""
    windows = activities.polling.orders.read_windows

    def read(step: Any, checkpoint: Any, *, overlap: timedelta, source: str) -> Any:
        return windows(step, checkpoint, overlap=timedelta(), source=source)

    activities.polling.orders.read_windows = read


def without_position_lock() -> None:
    """Positions are drawn by whoever comes, and committed in another order."""
    store.events.events.EMIT_EVENTS = text(store.events.events.EMIT_EVENTS.text.replace(f"{store.events.events.LOCK_POSITIONS};", ""))


def without_token_lock() -> None:
    """Who renews a token does not keep others from it."""
    store.sellers.tokens.LOCK_TOKEN_OF_SELLER = text(store.sellers.tokens.LOCK_TOKEN_OF_SELLER.text.replace("FOR NO KEY UPDATE", ""))


def without_heartbeat_timeout() -> None:
    """A step is missed only when its three minutes are over."""
    activities.polling.poll.STEP_OPTIONS["heartbeat_timeout"] = None


def without_cursor_in_transaction() -> None:
    """The cursor is moved first, in a transaction of its own."""
    inner = store.steps.commit.Commit.advance

    def advance(commit: store.steps.commit.Commit, *, cursor: datetime | None = None, checkpoint: Any = None) -> None:
        if cursor:
            engine = commit._connection.engine.execution_options(isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                step = commit._step
                connection.execute(SOONER, {"cursor": cursor, "seller_id": step.seller_id, "stream": step.stream.value})
        inner(commit, cursor=cursor, checkpoint=checkpoint)

    store.steps.commit.Commit.advance = advance  # type: ignore[method-assign, assignment]


def without_events_in_transaction() -> None:
    """Events are told after rows and cursor are committed, in a transaction of their own."""
    emit = store.steps.commit.Commit.emit
    store.steps.commit.Commit.emit = lambda commit: None  # type: ignore[method-assign, assignment]
    inner = store.steps.steps.StepStore.commit

    @contextmanager
    def committed(steps: Any, step: Any, now: datetime | None = None) -> Iterator[store.steps.commit.Commit]:
        with inner(steps, step, now) as commit:
            yield commit
        between(commit)
        with translated(), steps._engine.begin() as connection:
            commit._connection = connection
            emit(commit)

    store.steps.steps.StepStore.commit = committed  # type: ignore[method-assign, assignment]


def between(commit: store.steps.commit.Commit) -> None:
    """What `without_events_in_transaction` is about: rows are committed, their events are not. `points.py` lets a worker die here."""


GUARDS: dict[str, Callable[[], None]] = {
    "fence": without_fence,
    "overlap": without_overlap,
    "position-lock": without_position_lock,
    "token-lock": without_token_lock,
    "heartbeat-timeout": without_heartbeat_timeout,
    "cursor-in-transaction": without_cursor_in_transaction,
    "events-in-transaction": without_events_in_transaction,
}


def take_out(name: str) -> None:
    GUARDS[name]()


def widen(seconds: float) -> None:
    """Sellers with an even number commit so much later than they tell their events: not a guard, it makes a race likely."""
    inner = store.steps.commit.Commit.emit

    def emit(commit: store.steps.commit.Commit) -> None:
        inner(commit)
        if len(commit._events) and commit._step.seller_id[-1] in "02468":
            time.sleep(seconds)

    store.steps.commit.Commit.emit = emit  # type: ignore[method-assign, assignment]
