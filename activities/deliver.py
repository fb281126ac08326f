"""Delivers the changes of one seller to one endpoint, in order, until there are no more or one is not taken."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from temporalio import activity
from temporalio.common import RetryPolicy

from activities.signing import Poster, send
from activities.slots import Slots
from activities.steps import UnexpectedError, _place
from delivery import OFF_AFTER, TRIED_FOR, AttemptOutcome, compose, judge, retry_after, wait
from metering.meters import SILENT, Meters
from outbound import ForbiddenTargetError, NoAnswerError
from store import Store, StoreError, UnknownSellerError
from store.delivery_tables import FLEET_LANE
from store.kinds import AlertKind
from store.lanes import Attempt, Run

RUN_S = 5.0  # a run ends after the message in hand once it took this long: its attempt by Temporal stays short
BATCH = 50  # changes read at once
CROWDED_S = (2.0, 5.0)  # one comes again after about so long, where many messages to the endpoint are under way
ALERT_AFTER = timedelta(hours=1)  # of failure of the whole endpoint
UNDELIVERED_AFTER = timedelta(seconds=TRIED_FOR)
OFF_AFTER_DAYS = timedelta(seconds=OFF_AFTER)
# A message takes 15 s at most, so a run ends within 20 and its commits. It is tried until Postgres is back: nothing could be lost by it.
DELIVER: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=1),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2, maximum_interval=timedelta(seconds=30)),
}
Clock = Callable[[], datetime]  # Temporal's, which decides when timers fire, carried on by this machine's
logger = logging.getLogger("sellerbeat.delivery")


class Lane(BaseModel, frozen=True):
    endpoint: str
    seller: str = FLEET_LANE  # empty: the alerts of the fleet


class Delivered(BaseModel, frozen=True):
    """What a run came to: counts, and when to come again."""

    delivered: int = 0
    more: bool = False  # there is more: come back at once
    wait_s: float | None = None  # come back after so long, or when somebody says so
    over: bool = False  # the endpoint is switched off or gone
    why: str  # in words, for the operator


class Delivering:
    def __init__(self, store: Store, client: Poster, slots: Slots | None = None, meters: Meters = SILENT) -> None:
        self.store, self.client, self.slots, self.meters = store, client, slots or Slots(), meters

    @activity.defn(no_thread_cancel_exception=True)
    def deliver_changes(self, lane: Lane) -> Delivered:
        """Send what the lane's cursor has before it, oldest first; the cursor moves with each that was taken.

        So a crash repeats the message in hand at most, under the same id. What was asked for again comes when nothing new waits.

        Raises:
            SupersededError: a later run of this lane has begun; retried.
            StoreError: Postgres does not answer, or no key opens the endpoint's secret; retried.
        """
        try:
            started, began = activity.info().started_time, time.monotonic()
            return self.run(lane, lambda: started + timedelta(seconds=time.monotonic() - began))
        except StoreError:
            raise
        except Exception as error:
            place = _place(error)
            logger.error("delivery failed for a reason nobody foresaw", extra={"endpoint": lane.endpoint, "place": place})
            raise UnexpectedError(place) from None

    def run(self, lane: Lane, now: Clock) -> Delivered:
        run = self.store.lanes.begin(lane.endpoint, lane.seller, now())
        if run is None:
            return Delivered(over=True, why="the endpoint is switched off or removed, or the seller was erased")
        if run.retry_at and (early := (run.retry_at - now()).total_seconds()) > 1:
            return Delivered(wait_s=early, why=waits(run.tries, early))
        if run.troubled and not self.store.lanes.may_probe(run, now()):
            wait_s = wait(run.tries + 1, random.random())
            self.store.lanes.put_off(run, now(), now() + timedelta(seconds=wait_s))
            return Delivered(wait_s=wait_s, why="the endpoint fails, and another seller's changes ask it")
        return self.send(run, now)

    def send(self, run: Run, now: Clock) -> Delivered:
        began, sent, after = time.monotonic(), 0, run.sequence
        while changes := (fresh := self.store.lanes.next(run, after, BATCH)) or self.store.lanes.again(run, BATCH):
            for event in changes:
                if time.monotonic() - began > RUN_S:
                    return Delivered(delivered=sent, more=True, why="more to deliver")
                with self.slots.place(run.endpoint) as free:
                    if not free:
                        return Delivered(delivered=sent, wait_s=random.uniform(*CROWDED_S), why="many messages to it are under way")
                    attempt, asked = self.post(run, event, replayed=not fresh)
                self.meters.delivery(attempt.outcome, attempt.took_ms / 1000)
                if attempt.outcome != AttemptOutcome.DELIVERED:
                    return self.failed(run, attempt, asked, sent, now())
                self.store.lanes.delivered(run, attempt, now())
                run, sent = replace(run, tries=0), sent + 1
                after = max(after, (event["position"] if run.seller == FLEET_LANE else event["sequence"]) if fresh else 0)
        self.store.lanes.rest(run)
        return Delivered(delivered=sent, why="all is delivered")

    def post(self, run: Run, event: dict[str, Any], replayed: bool) -> tuple[Attempt, float | None]:
        """One attempt, and for how long its answer asks us to wait."""
        message = compose(event, run.thin)
        began = time.monotonic()

        def ended(outcome: AttemptOutcome, status: int | None = None, kind: str | None = None) -> Attempt:
            return Attempt(event, run.tries + 1, replayed, outcome.value, status, kind, round((time.monotonic() - began) * 1000))

        try:
            answer = send(self.client, run.url, message, run.secrets)
        except NoAnswerError as error:
            return ended(AttemptOutcome.UNANSWERED, kind=error.kind), None
        except ForbiddenTargetError as error:
            return ended(AttemptOutcome.FORBIDDEN, kind=error.reason), None
        return ended(judge(answer.status), answer.status), retry_after(answer.headers, datetime.now(UTC))

    def failed(self, run: Run, attempt: Attempt, asked: float | None, sent: int, now: datetime) -> Delivered:
        wait_s = wait(run.tries + 1, random.random(), asked)
        since = self.store.lanes.failed(run, attempt, now, now + timedelta(seconds=wait_s))
        told = {"endpoint": run.endpoint, "seller_id": run.seller, "outcome": attempt.outcome, "status": attempt.status}
        logger.info("delivery failed", extra={**told, "tries": run.tries + 1, "retry_s": round(wait_s)})
        if off := off_reason(attempt, now - since.endpoint):
            self.store.lanes.switch_off(run.endpoint, off, now, f"endpoint {run.endpoint} is switched off: {off}. Nothing is dropped")
            return Delivered(delivered=sent, over=True, why=f"the endpoint is switched off: {off}")
        if now - since.endpoint >= ALERT_AFTER:
            words = f"endpoint {run.endpoint} has taken nothing for over an hour; it is tried on, and switched off after 5 days"
            self.store.open_alert(AlertKind.ENDPOINT_FAILING, words, about=run.endpoint)
        elif now - since.lane >= UNDELIVERED_AFTER and run.seller != FLEET_LANE:
            words = f"endpoint {run.endpoint} takes other changes, but not the next of this seller, in spite of 75 hours of tries"
            with suppress(UnknownSellerError):  # erased meanwhile
                self.store.open_alert(AlertKind.UNDELIVERED, words, run.seller, about=run.endpoint)
        return Delivered(delivered=sent, wait_s=wait_s, why=waits(run.tries + 1, wait_s))


def off_reason(attempt: Attempt, failing: timedelta) -> str | None:
    if attempt.outcome == AttemptOutcome.GONE:
        return "it answered 410, so it wants no more"
    return "5 days of failure without a break" if failing >= OFF_AFTER_DAYS else None


def waits(tries: int, wait_s: float) -> str:
    return f"failed {tries} times in a row: tried again in {round(wait_s)} s"
