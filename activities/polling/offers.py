"""Offers: price, quantity and status of each SKU on each marketplace, of the sellers who asked for it (`enroll --offers`)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from temporalio import activity

from activities.polling import sources
from activities.polling.checkpoints import OffersCheckpoint
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver, try_again
from activities.polling.steps import StepRunner
from activities.quota.permits import PermitRefusedError
from domain.changes.model import Kind
from domain.pacing import Stream
from domain.streams import Purpose
from ebay.client import OfferList
from ebay.errors import EbayError, QuotaSpentError
from store.events.rereads import KEYS, What
from store.quota.permits import OFFERS
from store.schema.kinds import AlertKind

ROUND = timedelta(days=1)  # all of a seller's SKUs once
SLICES = 96  # of a round: a quarter of an hour each; a seller with fewer SKUs has one SKU a slice
AT_ONCE = 10  # SKUs a commit, which a crash reads again
SOON = timedelta(minutes=1)
LATER = timedelta(minutes=15)


class Answered(NamedTuple):
    sku: str
    offers: OfferList
    read_at: datetime
    source: str


class OfferReading:
    def __init__(self, steps: StepRunner) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def read_offers(self, request: Poll) -> PollResult:
        """Read the offers of a slice of the seller's SKUs, a call each: there is no call for all of them.

        The first round goes as fast as it may, later ones are spread over a day. All sellers together use a fifth of the calls of the
        inventory, no earlier in the day than it is their turn, and leave half of what remains to the polls. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.OFFERS, self.read)

    def read(self, step: StepRun) -> PollResult:
        if not step.step.offers or not sources.reads_inventory(step):
            return sources.end_stream(step, "nobody asked for the offers of this seller")
        total = self.steps.store.offers.count(step.request.seller_id)
        if step.step.scanned_at is None or not total:
            wait, why = (SOON, "waits for the first scan of the SKUs") if step.step.scanned_at is None else (LATER, "there is no SKU")
            with step.commit() as commit:
                return step.complete_at(commit, step.now() + wait, why)
        return Slice(step, total).read()


class Slice:
    """A part of a round, as long as the step lasts."""

    def __init__(self, step: StepRun, total: int) -> None:
        self.step, self.total = step, total
        # the last SKU that was asked for: as it is stored, and by now
        self.stored = self.at = OffersCheckpoint.read(step.step.checkpoint) or OffersCheckpoint(sku="", round=0)
        self.most = total if self.stored.round == 0 else self.usual()
        self.read_count = 0
        self.tried = SteppingOver(step, What.OFFERS, step.api.offers)
        self.stopped: EbayError | None = None
        step.api.permit = self.permit

    def usual(self) -> int:
        return math.ceil(self.total / SLICES)

    def permit(self, resource: str) -> None:
        self.step.steps.permits.take(OFFERS, Purpose.SPREAD, self.step.step.now)
        self.step.permit(resource)

    def read(self) -> PollResult:
        self.read_failed()
        rounds = 0
        while not self.over():
            if skus := self.after(self.at, AT_ONCE):
                self.keep(skus, list(self.answers(skus)))
                continue
            rounds += 1
            if rounds > 1:  # none of them could be read
                break
            self.at, self.most = OffersCheckpoint(sku="", round=self.at.round + 1), self.usual()
        if self.stopped is None:
            self.tried.settle()
            try_again(self.step, (What.OFFERS,), lambda one: self.read_one(one.name))
        return self.end()

    def read_failed(self) -> None:
        """SKUs that failed are not left to the next round, which is tomorrow."""
        if not self.step.step.failing:
            return
        for sku in self.step.steps.store.records_due(self.step.request.seller_id, What.OFFERS, self.step.now(), AT_ONCE):
            try:
                self.read_one(sku)
            except EbayError as error:
                self.tried.failed(sku, error)
            else:
                self.tried.worked()

    def read_one(self, sku: str) -> None:
        found = self.step.api.offers(sku)
        with self.step.commit() as commit:
            stored = commit.store_offers(sku, found.offers, self.step.read_at(), self.at.source, found.whole)
            self.step.count(commit, stored)
            commit.records_read(What.OFFERS, [sku])

    def after(self, checkpoint: OffersCheckpoint, limit: int) -> list[str]:
        return self.step.steps.store.offers.skus(self.step.request.seller_id, checkpoint.sku, limit)

    def over(self) -> bool:
        if self.stopped or self.tried.full:
            return True
        asked = self.read_count + len(self.tried.failing)
        return asked >= self.most or (asked > 0 and self.step.over())

    def answers(self, skus: list[str]) -> Iterator[Answered]:
        """SKUs that eBay fails for are passed over, and so are those that are set aside: these have their own time."""
        for sku in self.not_aside(skus):
            try:
                offers = self.step.api.offers(sku)
            except QuotaSpentError as error:
                self.stopped = error
                return
            except EbayError as error:
                self.tried.failed(sku, error)
            else:
                self.tried.worked()
                self.read_count += 1
                yield Answered(sku, offers, self.step.read_at(), self.at.source)
            self.stored = self.at = self.at.move(sku=sku)
            if self.over():
                return
        self.stored = self.at = self.at.move(sku=skus[-1])

    def not_aside(self, skus: list[str]) -> list[str]:
        if not self.step.step.set_aside and not self.step.aside_moved:
            return skus
        own = {KEYS[What.OFFERS][0](sku): sku for sku in skus}
        aside = {own[key] for key in self.step.steps.store.aside_of(self.step.request.seller_id, Kind.OFFER, list(own))}
        return [sku for sku in skus if sku not in aside]

    def keep(self, skus: list[str], answers: list[Answered]) -> None:
        with self.step.commit() as commit:
            stored = [commit.store_offers(it.sku, it.offers.offers, it.read_at, it.source, it.offers.whole) for it in answers]
            self.step.count(commit, *stored)
            commit.records_read(What.OFFERS, [it.sku for it in answers])
            commit.advance(checkpoint=self.stored.as_json())
            commit.close_alert(AlertKind.OFFERS_UNREAD)  # of versions that had a rule of their own here

    def end(self) -> PollResult:
        """Spread over the round; the first one goes on at once."""
        step, now = self.step, self.step.now()
        if self.stopped and not isinstance(self.stopped, PermitRefusedError):
            raise self.stopped
        with step.commit() as commit:
            step.count(commit)
            if isinstance(self.stopped, PermitRefusedError):
                at = step.steps.quota.spread(step.request.seller_id, max(self.stopped.until, now + LATER))
                return step.continue_later(commit, at, "offers wait for their share of the calls")
            if self.stored.round == 0 and self.after(self.stored, 1):
                first = step.complete_at(commit, now, "the first round of offers goes on")
                return first.model_copy(update={"more": True})
            wait = ROUND * self.read_count / self.total
            if self.stored.round == 0:
                wait = ROUND / SLICES
                commit.advance(checkpoint=OffersCheckpoint(sku="", round=1).as_json())
            return step.complete_at(commit, now + wait, f"offers of {self.read_count} of {self.total} SKUs read: all of them once a day")
