"""What a step is asked and what it answers, and the one retry policy of all steps."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field
from temporalio.common import RetryPolicy

from domain.pacing import Stream
from domain.seller_state import Wait


class Poll(BaseModel, frozen=True, populate_by_name=True):
    """A step's request: ids and what people set, never a document (whoever opens the Web UI reads every history)."""

    seller_id: str
    announced: bool = False  # only what another stream announced (parcels of changed orders); the stream's own round comes at its time
    asked: bool = False  # somebody asked for it: the reserve of the quota may be used
    failures: int = 0  # of reading what notifications told of, in a row
    notified: bool = Field(False, alias="hinted")  # what notifications named is read beside the stream, whose cursor and time stay
    until: datetime | None = None  # UTC; another stream falls due then: stop after the call in hand
    speed_up: timedelta | None = None  # an operator's `speed-up`, while it lasts
    cadence: timedelta | None = None  # an operator's `set-cadence`
    active_at: datetime | None = None  # UTC; the seller's last login, where the app ever reported one


class PollResult(BaseModel, frozen=True):
    """A step's answer: counts, and when to come back."""

    changes: int = 0
    duplicates: int = 0
    api_calls: int = 0
    more: bool = False  # there is more to read: come back at once
    done: bool = False  # the stream has nothing left to read, ever (a backfill)
    waiting: bool = False  # nothing could be read, by no fault of the seller: `next_due` is when to ask again
    quota: bool = True  # it waits because eBay's quota is spent; else because eBay refuses the application's keys, or is down
    down: bool = False  # it waits because eBay is down for everybody
    waits_for: Wait | None = None  # what it waits for; `quota` and `down` say it to workflows of versions before
    next_due: datetime  # UTC
    why: str  # in words, for the operator: "quiet for 2 h: every 12 min 30 s"
    tier: str | None = None  # of the seller by the rules, for people: busy, normal, dormant, ... (domain/pacing/cadence.py)
    due: tuple[Stream, ...] = ()  # other streams that have work now: what is announced, not their round
    due_at: dict[Stream, datetime] = {}  # the same, not before then (UTC): listings that a sale moved
    rounds: tuple[Stream, ...] = ()  # other streams whose own round should come at once


# Why these: a killed worker's step must be tried again within 15 s, so it beats every 3 s and is missed after 10 (heartbeat.py); a step
# ends 2 s after its start but for the call in hand and its commit. Three attempts here, then the workflow's own backoff (state.py).
# Nothing below retries: a hidden retry burns quota unseen.
STEP_OPTIONS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=3),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_attempts=3,
        non_retryable_error_types=["DeadTokenError", "AccessDeniedError", "ClientRefusedError", "RejectedError", "UnknownSellerError"],
    ),
}
