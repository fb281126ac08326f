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

from activities.delivering.signing import Poster, send
from activities.delivering.slots import Slots
from activities.polling.steps import UnexpectedError, frame_of
from domain.delivery import OFF_AFTER, TRIED_FOR, AttemptOutcome, compose, outcome_of, retry_after, wait
from outbound import ForbiddenTargetError, NoAnswerError
from runtime.metering.meters import SILENT, Meters
from store import Store, StoreError, UnknownSellerError
from store.delivery.claims import Attempt, Claim
from store.schema.delivery_tables import FLEET_CURSOR
from store.schema.kinds import AlertKind

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


class DeliveryCursor(BaseModel, frozen=True):
    endpoint: str
    seller: str = FLEET_CURSOR  # empty: the alerts of the fleet


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
    def deliver_changes(self, cursor: DeliveryCursor) -> Delivered:
        """Send what the cursor has before it, oldest first; the cursor moves with each that was taken.

        So a crash repeats the message in hand at most, under the same id. What was asked for again comes when nothing new waits.

        Raises:
            SupersededError: a later run of this cursor has begun; retried.
            StoreError: Postgres does not answer, or no key opens the endpoint's secret; retried.
        """
        try:
            started, began = activity.info().started_time, time.monotonic()
            return self.deliver(cursor, lambda: started + timedelta(seconds=time.monotonic() - began))
        except StoreError:
            raise
        except Exception as error:
            frame = frame_of(error)
            logger.error("delivery failed for a reason nobody foresaw", extra={"endpoint": cursor.endpoint, "place": frame})
            raise UnexpectedError(frame) from None

    def deliver(self, cursor: DeliveryCursor, now: Clock) -> Delivered:
        claim = self.store.delivery_cursors.begin(cursor.endpoint, cursor.seller, now())
        if claim is None:
            return Delivered(over=True, why="the endpoint is switched off or removed, or the seller was erased")
        if claim.retry_at and (early := (claim.retry_at - now()).total_seconds()) > 1:
            return Delivered(wait_s=early, why=waits(claim.tries, early))
        if claim.troubled and not self.store.delivery_cursors.may_probe(claim, now()):
            wait_s = wait(claim.waited + 1, random.random())
            self.store.delivery_cursors.postpone(claim, now(), now() + timedelta(seconds=wait_s))
            return Delivered(wait_s=wait_s, why="the endpoint fails, and another seller's changes ask it")
        return self.send(claim, now)

    def send(self, claim: Claim, now: Clock) -> Delivered:
        began, sent, after = time.monotonic(), 0, claim.sequence
        while changes := (fresh := self.store.delivery_cursors.next(claim, after, BATCH)) or self.store.delivery_cursors.again(
            claim, BATCH
        ):
            for event in changes:
                if time.monotonic() - began > RUN_S:
                    return Delivered(delivered=sent, more=True, why="more to deliver")
                with self.slots.slot(claim.endpoint) as free:
                    if not free:
                        return Delivered(delivered=sent, wait_s=random.uniform(*CROWDED_S), why="many messages to it are under way")
                    attempt, asked = self.post(claim, event, replayed=not fresh)
                self.meters.delivery(attempt.outcome, attempt.took_ms / 1000)
                if attempt.outcome != AttemptOutcome.DELIVERED:
                    return self.failed(claim, attempt, asked, sent, now())
                self.store.delivery_cursors.delivered(claim, attempt, now())
                claim, sent = replace(claim, tries=0, schedule_from=0), sent + 1
                after = max(after, (event["position"] if claim.seller == FLEET_CURSOR else event["sequence"]) if fresh else 0)
        self.store.delivery_cursors.complete(claim)
        return Delivered(delivered=sent, why="all is delivered")

    def post(self, claim: Claim, event: dict[str, Any], replayed: bool) -> tuple[Attempt, float | None]:
        """One attempt, and for how long its answer asks us to wait."""
        message = compose(event, claim.thin)
        began = time.monotonic()

        def ended(outcome: AttemptOutcome, status: int | None = None, kind: str | None = None) -> Attempt:
            return Attempt(event, claim.tries + 1, replayed, outcome.value, status, kind, round((time.monotonic() - began) * 1000))

        try:
            answer = send(self.client, claim.url, message, claim.secrets)
        except NoAnswerError as error:
            return ended(AttemptOutcome.UNANSWERED, kind=error.kind), None
        except ForbiddenTargetError as error:
            return ended(AttemptOutcome.FORBIDDEN, kind=error.reason), None
        return ended(outcome_of(answer.status), answer.status), retry_after(answer.headers, datetime.now(UTC))

    def failed(self, claim: Claim, attempt: Attempt, asked: float | None, sent: int, now: datetime) -> Delivered:
        wait_s = wait(claim.waited + 1, random.random(), asked)
        since = self.store.delivery_cursors.failed(claim, attempt, now, now + timedelta(seconds=wait_s))
        failure_fields = {"endpoint": claim.endpoint, "seller_id": claim.seller, "outcome": attempt.outcome, "status": attempt.status}
        logger.info("delivery failed", extra={**failure_fields, "tries": claim.tries + 1, "retry_s": round(wait_s)})
        if off := off_reason(attempt.outcome, now - since.endpoint):
            self.store.delivery_cursors.switch_off(
                claim.endpoint, off, now, f"endpoint {claim.endpoint} is switched off: {off}. Nothing is dropped"
            )
            return Delivered(delivered=sent, over=True, why=f"the endpoint is switched off: {off}")
        if now - since.endpoint >= ALERT_AFTER:
            self.store.open_alert(AlertKind.ENDPOINT_FAILING, failing_words(claim.endpoint), about=claim.endpoint)
        elif now - since.cursor >= UNDELIVERED_AFTER and claim.seller != FLEET_CURSOR:
            words = f"endpoint {claim.endpoint} takes other changes, but not the next of this seller, in spite of 75 hours of tries"
            with suppress(UnknownSellerError):  # erased meanwhile
                self.store.open_alert(AlertKind.UNDELIVERED, words, claim.seller, about=claim.endpoint)
        return Delivered(delivered=sent, wait_s=wait_s, why=waits(claim.tries + 1, wait_s))


def failing_words(endpoint: str) -> str:
    """Of the alert after an hour."""
    return f"endpoint {endpoint} has taken nothing for over an hour; it is tried on, and switched off after 5 days"


def off_reason(outcome: str, failing: timedelta) -> str | None:
    """Why an endpoint is switched off after such an attempt; None: it is tried on."""
    if outcome == AttemptOutcome.GONE:
        return "it answered 410, so it wants no more"
    return "5 days of failure without a break" if failing >= OFF_AFTER_DAYS else None


def waits(tries: int, wait_s: float) -> str:
    return f"failed {tries} times in a row: tried again in {round(wait_s)} s"
