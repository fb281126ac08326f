"""The fulfillment poll: parcels of orders whose shipments changed, and a round over the open orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from temporalio import activity

from activities.poll import Poll, PollResult
from activities.steps import RunningStep, Steps
from changes.orders import entity_id
from changes.rereads import Doubt
from ebay.client import PAGE, open_filter
from ebay.errors import EbayError, NotFoundError, RejectedError
from pacing import Stream

PARCELS_A_TIME = 50
PAST_A_ROUND = 100  # a call each: a backfill of 100,000 orders must not eat everybody's quota for their parcels
IDS_A_CALL = 50  # eBay's most
OLD, OLDEST = timedelta(days=30), timedelta(days=90)  # of open orders: asked for in each round, once a day, by the sweep alone
A_DAY = timedelta(hours=22)  # the rounds' own interval comes to it
ABSENT_FOR = timedelta(hours=6)  # an open order that eBay shows no more is over: it was paid with others, under another id


class FulfillmentPolling:
    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def poll_fulfillment(self, request: Poll) -> PollResult:
        """Read the orders and parcels that the orders poll announced; then, unless these alone were asked for, some of the past.

        Last come the open orders, which are compared with eBay's: those of a month in each round, those of three once a day.
        The round is needed since eBay does not promise that a shipment moves an order's `lastModifiedDate`: orders that left eBay's
        list of open ones are read again, 50 a call. Errors: see `Steps.run`.
        """
        return self.steps.run(request, Stream.FULFILLMENT, self.read)

    def read(self, step: RunningStep) -> PollResult:
        seller_id, store = step.request.seller_id, self.steps.store
        while alone := store.singles_due(seller_id, 1, step.step.enrolled_at, step.now()):
            self.read_single(step, alone[0])
            if step.over():
                return step.more("more orders to read alone")
        while due := store.parcels_due(seller_id, PARCELS_A_TIME, step.step.enrolled_at, step.now()):
            for order_id in due:
                self.read_parcels(step, order_id)
                if step.over():
                    return step.more("more parcels to read")
        if step.request.announced:
            return step.result(next_due=step.now(), why="the announced parcels are read")
        return self.read_round(step)

    def read_single(self, step: RunningStep, order_id: str) -> None:
        """Who asked to cancel, and why: only getOrder tells."""
        try:
            document = step.api.order(order_id)
        except (NotFoundError, RejectedError) as error:  # of this order alone
            with step.commit() as commit:
                step.count(commit, commit.doubt_single(order_id, doubt_of(error)))
            return
        with step.commit() as commit:
            step.count(commit, commit.keep_single(order_id, document, step.read_at()))

    def read_parcels(self, step: RunningStep, order_id: str) -> None:
        try:
            documents = step.api.shipping_fulfillments(order_id)
        except (NotFoundError, RejectedError) as error:  # of this order alone; it must not keep the others waiting
            with step.commit() as commit:
                step.count(commit, commit.doubt_parcels(order_id, doubt_of(error)))
            return
        with step.commit() as commit:
            step.count(commit, commit.keep_parcels(order_id, documents, read_at=step.read_at()))

    def read_round(self, step: RunningStep) -> PollResult:
        """Some parcels of the past, then the open orders.

        All of eBay's by 200 a call, then by number those that we hold as open and eBay no longer lists.
        """
        place = self.place(step)
        start = datetime.fromisoformat(place["since"])
        while place["past"] and self.read_past(step):
            place = {**place, "past": place["past"] - 1}
            if step.over():
                with step.commit() as commit:
                    commit.advance(reading=place)
                return step.more("more parcels of the past to read")
        if not place["listed"] and self.steps.store.has_open_orders(step.request.seller_id, start):
            for number in count(place["page"]):
                page = step.api.orders(open_filter(start), offset=number * PAGE)
                place = {**place, "page": number + 1, "listed": page.next is None}
                with step.commit() as commit:
                    step.count(commit, commit.keep_orders(page.orders, read_at=step.read_at()))
                    commit.scan_page(place["scan"], number, [order for order in map(entity_id, page.orders) if order])
                    commit.advance(reading=place)
                if page.next is None:
                    break
                if step.over():
                    return step.more("more open orders to compare")
        while unlisted := self.steps.store.unlisted_orders(step.request.seller_id, place["scan"], IDS_A_CALL, start):
            since, witness = self.steps.store.absent_since(step.request.seller_id, unlisted)
            if witness:  # an answer without it is an empty one, and says nothing of the others
                unlisted = unlisted[: IDS_A_CALL - 1]
            page = step.api.orders_by_id([*unlisted, *([witness] if witness else [])])
            with step.commit() as commit:
                step.count(commit, commit.keep_orders(page.orders, read_at=step.read_at()))
                shown = {order for order in map(entity_id, page.orders) if order}
                commit.absent(unlisted, shown, since, step.ebays_now() - ABSENT_FOR, step.read_at())
                commit.scan_page(place["scan"], place["page"], unlisted)
                place = {**place, "page": place["page"] + 1, "listed": True}
                commit.advance(reading=place)
            if step.over():
                return step.more("more open orders to read")
        with step.commit() as commit:
            step.count(commit)
            commit.end_scan(place["scan"])
            commit.advance(cursor=datetime.fromisoformat(place["began"]) if place.get("began") else None, reading=None)
            step.finish(commit)
        return step.rest or step.more()

    def place(self, step: RunningStep) -> dict[str, Any]:
        """Where the round stands. A new one compares open orders of the last month, once a day those of three; older ones the sweep.

        When the last of three months began is the stream's cursor.
        """
        now, last = step.now(), step.step.cursor
        oldest = last is None or not now - A_DAY < last < now + A_DAY
        since = {"since": (step.ebays_now() - (OLDEST if oldest else OLD)).isoformat(timespec="milliseconds")}
        if step.step.reading:  # without it: begun by an earlier version, over all that eBay lists
            return {**since, **step.step.reading}
        if oldest:
            self.steps.store.close_cancelled(step.request.seller_id)
            since["began"] = now.isoformat()
        return {"scan": step.step.epoch, "page": 0, "listed": False, "past": PAST_A_ROUND, **since}

    def read_past(self, step: RunningStep) -> bool:
        """One order that is due, from before the enrolment too. False: none is."""
        if alone := self.steps.store.singles_due(step.request.seller_id, 1, now=step.now()):
            self.read_single(step, alone[0])
        elif due := self.steps.store.parcels_due(step.request.seller_id, 1, now=step.now()):
            self.read_parcels(step, due[0])
        return bool(alone or due)


def doubt_of(error: EbayError) -> Doubt:
    """Only with an errorId of eBay's a 4xx is eBay's word about the record."""
    return Doubt.REFUSED if error.codes else Doubt.NO_WORD
