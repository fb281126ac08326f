"""Offers: price, quantity and status of each SKU on each marketplace, of the sellers who asked for it (`enroll --offers`)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from temporalio import activity

from activities import sources
from activities.permits import PermitRefusedError
from activities.poll import Poll, PollResult
from activities.steps import RunningStep, Steps
from ebay.client import OfferList
from ebay.errors import BadAnswerError, EbayError, EbayUnavailableError, RejectedError
from pacing import Stream
from store.kinds import AlertKind
from store.permits import OFFERS, Purpose

ROUND = timedelta(days=1)  # all of a seller's SKUs once
SLICES = 96  # of a round: a quarter of an hour each; a seller with fewer SKUs has one SKU a slice
AT_ONCE = 10  # SKUs a commit, which a crash reads again
SOON = timedelta(minutes=1)
LATER = timedelta(minutes=15)
PATIENCE = 3  # failures in a row, of the stream: then one SKU may be to blame, and the next ones are tried
IN_A_ROW = 5  # SKUs that fail: more of them are no matter of the SKUs
UNREAD_TEXT = "eBay fails for the offers of some SKUs, each time they are asked for; they are tried again in the next round"


@dataclass(frozen=True, slots=True)
class Place:
    """How far the round is."""

    sku: str = ""  # the last one that was read
    round: int = 0  # the first one tells of what was there before
    unread: int = 0  # SKUs of this round for which eBay failed

    @property
    def source(self) -> str:
        return "backfill" if self.round == 0 else "poll"


class Answered(NamedTuple):
    sku: str
    offers: OfferList
    read_at: datetime
    source: str


class OfferReading:
    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def read_offers(self, request: Poll) -> PollResult:
        """Read the offers of a slice of the seller's SKUs, a call each: there is no call for all of them.

        The first round goes as fast as it may, later ones are spread over a day. All sellers together use a fifth of the calls of the
        inventory, no earlier in the day than it is their turn, and leave half of what remains to the polls. Errors: see `Steps.run`.
        """
        return self.steps.run(request, Stream.OFFERS, self.read)

    def read(self, step: RunningStep) -> PollResult:
        if not step.step.offers or not sources.reads_inventory(step):
            return sources.over(step, "nobody asked for the offers of this seller")
        total = self.steps.store.offers.count(step.request.seller_id)
        if step.step.scanned_at is None or not total:
            wait, why = (SOON, "waits for the first scan of the SKUs") if step.step.scanned_at is None else (LATER, "there is no SKU")
            with step.commit() as commit:
                return step.finish_at(commit, step.now() + wait, why)
        return Slice(step, total).read()


class Slice:
    """A part of a round, as long as the step lasts."""

    def __init__(self, step: RunningStep, total: int) -> None:
        self.step, self.total = step, total
        self.place = self.at = Place(**(step.step.reading or {}))  # the last SKU that was read, and the last one that was asked for
        self.most = total if self.place.round == 0 else self.usual()
        self.read_count = 0
        self.broken: list[EbayError] = []  # of the SKUs between `place` and `at`
        self.passed = self.clean = False
        self.stopped: EbayError | None = None
        step.api.permit = self.permit

    def usual(self) -> int:
        return math.ceil(self.total / SLICES)

    def permit(self, resource: str) -> None:
        self.step.steps.permits.take(OFFERS, Purpose.SPREAD, self.step.step.now)
        self.step.permit(resource)

    def read(self) -> PollResult:
        rounds = 0
        while not self.over():
            if skus := self.after(self.at, AT_ONCE):
                self.keep(list(self.answers(skus)))
                continue
            rounds += 1
            if rounds > 1:  # eBay failed for each of them
                raise self.broken[-1] if self.broken else BadAnswerError("the SKUs are gone")
            self.clean = not self.at.unread
            self.at, self.most = Place(round=self.at.round + 1), self.usual()
        return self.end()

    def after(self, place: Place, limit: int) -> list[str]:
        return self.step.steps.store.offers.skus(self.step.request.seller_id, place.sku, limit)

    def over(self) -> bool:
        """Never behind SKUs that failed: only another one that does not fail tells that it was theirs, and no outage."""
        if self.stopped or self.broken:
            return self.stopped is not None
        return self.read_count >= self.most or (self.read_count > 0 and self.step.over())

    def answers(self, skus: list[str]) -> Iterator[Answered]:
        for sku in skus:
            try:
                offers = self.step.api.offers(sku)
            except EbayError as error:
                if len(self.broken) >= IN_A_ROW or not self.may_be_the_skus(error):
                    self.stopped = error
                    return
                self.broken.append(error)
                self.at = replace(self.at, sku=sku, unread=self.at.unread + 1)
                continue
            self.passed = self.passed or bool(self.broken)
            self.broken.clear()
            self.place = self.at = replace(self.at, sku=sku)
            self.read_count += 1
            yield Answered(sku, offers, self.step.read_at(), self.at.source)
            if self.over():
                return

    def may_be_the_skus(self, error: EbayError) -> bool:
        if isinstance(error, EbayUnavailableError | BadAnswerError):
            return self.step.step.failures >= PATIENCE
        return isinstance(error, RejectedError)

    def keep(self, answers: list[Answered]) -> None:
        with self.step.commit() as commit:
            kept = [commit.keep_offers(it.sku, it.offers.offers, it.read_at, it.source, it.offers.whole) for it in answers]
            self.step.count(commit, *kept)
            commit.advance(reading=asdict(self.place))
            if self.clean:
                commit.close_alert(AlertKind.OFFERS_UNREAD)
            if self.passed:
                commit.open_alert(AlertKind.OFFERS_UNREAD, UNREAD_TEXT)

    def end(self) -> PollResult:
        """Spread over the round; the first one goes on at once."""
        step, now = self.step, self.step.now()
        if self.stopped and not isinstance(self.stopped, PermitRefusedError):
            raise self.stopped
        with step.commit() as commit:
            step.count(commit)
            if isinstance(self.stopped, PermitRefusedError):
                at = step.steps.quota.spread(step.request.seller_id, max(self.stopped.until, now + LATER))
                return step.pause(commit, at, "offers wait for their share of the calls")
            if self.place.round == 0 and self.after(self.place, 1):
                first = step.finish_at(commit, now, "the first round of offers goes on")
                return first.model_copy(update={"more": True})
            wait = ROUND * self.read_count / self.total
            if self.place.round == 0:
                wait = ROUND / SLICES
                commit.advance(reading=asdict(Place(round=1)))
            return step.finish_at(commit, now + wait, f"offers of {self.read_count} of {self.total} SKUs read: all of them once a day")
