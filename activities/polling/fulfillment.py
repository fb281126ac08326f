"""The fulfillment poll: parcels of orders whose shipments changed, and a round over the open orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from temporalio import activity

from activities.polling.checkpoints import FulfillmentCheckpoint
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver, try_again
from activities.polling.steps import StepRunner
from domain.changes import unreadable
from domain.changes.model import Kind
from domain.changes.orders import entity_id
from domain.changes.rereads import Doubt
from domain.pacing import Stream
from ebay.blame import may_be_the_record
from ebay.client import PAGE, open_filter
from ebay.errors import EbayError, NotFoundError, RejectedError
from store.events.aside import SetAsideDue
from store.events.rereads import What

PARCELS_A_TIME = 50
HISTORY_A_ROUND = 100  # a call each: a backfill of 100,000 orders must not eat everybody's quota for their parcels
IDS_A_CALL = 50  # eBay's most
OLD, OLDEST = timedelta(days=30), timedelta(days=90)  # of open orders: asked for in each round, once a day, by the sweep alone
A_DAY = timedelta(hours=22)  # the rounds' own interval comes to it
ABSENT_FOR = timedelta(hours=6)  # an open order that eBay shows no more is over: it was paid with others, under another id


class FulfillmentPolling:
    def __init__(self, steps: StepRunner) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def poll_fulfillment(self, request: Poll) -> PollResult:
        """Read the orders and parcels that the orders poll announced; then, unless these alone were asked for, some of the past.

        Last come the open orders, which are compared with eBay's: those of a month in each round, those of three once a day.
        The round is needed since eBay does not promise that a shipment moves an order's `lastModifiedDate`: orders that left eBay's
        list of open ones are read again, 50 a call. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.FULFILLMENT, self.read)

    def read(self, step: StepRun) -> PollResult:
        alone = SteppingOver(step, What.SINGLE, step.api.order)
        while due := self.due(step, alone):
            self.read_single(step, due[0], alone)
            if (step.over() or alone.full) and self.due(step, alone):  # not for those that failed: there would be no end of steps
                alone.settle()
                return step.more("more orders to read alone")
        parcels = SteppingOver(step, What.PARCELS, step.api.shipping_fulfillments)
        while due := self.due(step, parcels):
            for order_id in due:
                self.read_parcels(step, order_id, parcels)
                if (step.over() or parcels.full) and self.due(step, parcels):
                    parcels.settle()
                    return step.more("more parcels to read")
        if step.request.announced:
            alone.settle()
            parcels.settle()
            return step.result(next_due=step.now(), why="the announced parcels are read")
        return self.read_round(step, alone, parcels)

    def due(self, step: StepRun, over: SteppingOver) -> list[str]:
        """Orders to be read so; those that failed in this step come last, and not again."""
        seller_id, store, now = step.request.seller_id, self.steps.store, step.now()
        if over.what is What.SINGLE:
            found = store.singles_due(seller_id, 1 + len(over.failing), step.step.enrolled_at, now)
        else:
            found = store.parcels_due(seller_id, PARCELS_A_TIME + len(over.failing), step.step.enrolled_at, now)
        return [order for order in found if order not in over.failing]

    def read_single(self, step: StepRun, order_id: str, over: SteppingOver | None = None) -> None:
        """Who asked to cancel, and why: only getOrder tells. `over`: None raises what fails."""
        try:
            document = step.api.order(order_id)
        except (NotFoundError, RejectedError) as error:  # of this order alone
            with step.commit() as commit:
                step.count(commit, commit.doubt_single(order_id, doubt_of(error)))
            return
        except EbayError as error:
            if over is None:
                raise
            over.failed(order_id, error)
            return
        with step.commit() as commit:
            step.count(commit, commit.store_single(order_id, document, step.read_at()))
        if over is not None:
            over.worked()

    def read_parcels(self, step: StepRun, order_id: str, over: SteppingOver | None = None) -> None:
        try:
            documents = step.api.shipping_fulfillments(order_id)
        except (NotFoundError, RejectedError) as error:  # of this order alone; it must not keep the others waiting
            with step.commit() as commit:
                step.count(commit, commit.doubt_parcels(order_id, doubt_of(error)))
            return
        except EbayError as error:
            if over is None:
                raise
            over.failed(order_id, error)
            return
        with step.commit() as commit:
            step.count(commit, commit.store_parcels(order_id, documents, read_at=step.read_at()))
        if over is not None:
            over.worked()

    def read_round(self, step: StepRun, alone: SteppingOver, parcels: SteppingOver) -> PollResult:
        """Some parcels of the past, then the open orders.

        All of eBay's by 200 a call, then by number those that we hold as open and eBay no longer lists. A page that eBay fails for may hold
        an order that it cannot show: then all that we hold are read by number.
        """
        checkpoint = FulfillmentCheckpoint.read(step.step.checkpoint) or self.begin(step)
        start = checkpoint.since or self.since(step)
        flooded = unreadable.is_flood(step.step.set_aside.get(Kind.FULFILLMENT, 0))
        failing = len(parcels.failing)
        while checkpoint.history_left and self.read_history(step, alone, parcels):
            enough = flooded and len(parcels.failing) > failing  # then one a round may fail: history has time
            checkpoint = checkpoint.move(history_left=0 if enough else checkpoint.history_left - 1)
            if step.over() or parcels.full or alone.full:
                alone.settle()
                parcels.settle()
                with step.commit() as commit:
                    commit.advance(checkpoint=checkpoint.as_json())
                return step.more("more older parcels to read")
        orders = SteppingOver(step, What.LISTED, lambda order_id: step.api.orders_by_id([order_id]))
        if not checkpoint.listed and self.steps.store.has_open_orders(step.request.seller_id, start):
            for number in count(checkpoint.page):
                try:
                    page = step.api.orders(open_filter(start), offset=number * PAGE)
                except EbayError as error:
                    if not may_be_the_record(error):
                        raise
                    checkpoint = checkpoint.move(listed=True)
                    break
                for over in (alone, parcels, orders):
                    over.answered()
                checkpoint = checkpoint.move(page=number + 1, listed=page.next is None)
                with step.commit() as commit:
                    step.count(commit, commit.store_orders(page.orders, read_at=step.read_at()))
                    commit.scan_page(checkpoint.scan, number, [order for order in map(entity_id, page.orders) if order])
                    commit.advance(checkpoint=checkpoint.as_json())
                if page.next is None:
                    break
                if step.over():
                    return step.more("more open orders to compare")
        while unlisted := self.steps.store.unlisted_orders(step.request.seller_id, checkpoint.scan, IDS_A_CALL, start):
            checkpoint = self.read_unlisted(step, unlisted, checkpoint, orders)
            if step.over() or orders.full:
                orders.settle()
                return step.more("more open orders to read")
        for over in (alone, parcels, orders):
            over.settle()
        try_again(step, (What.PARCELS, What.SINGLE, What.LISTED), lambda one: self.read_again(step, one))
        with step.commit() as commit:
            step.count(commit)
            commit.end_scan(checkpoint.scan)
            commit.advance(cursor=checkpoint.began, checkpoint=None)
            return step.complete(commit)

    def begin(self, step: StepRun) -> FulfillmentCheckpoint:
        """A new round compares open orders of the last month, once a day those of three; older ones the sweep.

        When the last of three months began is the stream's cursor.
        """
        began = step.now() if self.is_oldest_due(step) else None
        if began:
            self.steps.store.close_cancelled(step.request.seller_id)
        return FulfillmentCheckpoint(
            scan=step.step.epoch, page=0, listed=False, history_left=HISTORY_A_ROUND, since=self.since(step), began=began
        )

    def since(self, step: StepRun) -> datetime:
        return step.ebays_now() - (OLDEST if self.is_oldest_due(step) else OLD)

    def is_oldest_due(self, step: StepRun) -> bool:
        now, last = step.now(), step.step.cursor
        return last is None or not now - A_DAY < last < now + A_DAY

    def read_history(self, step: StepRun, alone: SteppingOver, parcels: SteppingOver) -> bool:
        """One order that is due, from before the enrolment too. False: none is."""
        if due := self.history_due(step, alone):
            self.read_single(step, due[0], alone)
        elif due := self.history_due(step, parcels):
            self.read_parcels(step, due[0], parcels)
        return bool(due)

    def history_due(self, step: StepRun, over: SteppingOver) -> list[str]:
        """Those that failed in this step come last, and not again."""
        find = self.steps.store.singles_due if over.what is What.SINGLE else self.steps.store.parcels_due
        found = find(step.request.seller_id, 1 + len(over.failing), now=step.now())
        return [order for order in found if order not in over.failing]

    def read_unlisted(
        self, step: StepRun, unlisted: list[str], checkpoint: FulfillmentCheckpoint, over: SteppingOver
    ) -> FulfillmentCheckpoint:
        """A list of open orders by their numbers; those that are set aside have their own time."""
        seller_id = step.request.seller_id
        aside = set(self.steps.store.aside_of(seller_id, Kind.ORDER, unlisted)) if step.step.set_aside or step.aside_moved else set()
        order_ids = [order for order in unlisted if order not in aside]
        since, witness = self.steps.store.absent_since(seller_id, order_ids)
        if witness:  # an answer without it is an empty one, and says nothing of the others
            unlisted, order_ids = unlisted[: IDS_A_CALL - 1], order_ids[: IDS_A_CALL - 1]
        if order_ids:
            for part, page in over.lists(order_ids, lambda ids: step.api.orders_by_id([*ids, *([witness] if witness else [])])):
                with step.commit() as commit:
                    step.count(commit, commit.store_orders(page.orders, read_at=step.read_at()))
                    shown = {order for order in map(entity_id, page.orders) if order}
                    commit.absent(part, shown, since, step.ebays_now() - ABSENT_FOR, step.read_at())
                    commit.records_read(What.LISTED, part)
                    commit.scan_page(checkpoint.scan, checkpoint.page, part)
                    checkpoint = checkpoint.move(page=checkpoint.page + 1, listed=True)
                    commit.advance(checkpoint=checkpoint.as_json())
        if passed := [order for order in unlisted if order in aside or order in over.failing]:
            with step.commit() as commit:
                step.count(commit)
                commit.scan_page(checkpoint.scan, checkpoint.page, passed)
                checkpoint = checkpoint.move(page=checkpoint.page + 1, listed=True)
                commit.advance(checkpoint=checkpoint.as_json())
        return checkpoint

    def read_again(self, step: StepRun, one: SetAsideDue) -> None:
        """What was set aside, by itself."""
        order_id = one.name.partition("/")[0]  # of a parcel that could not be kept: `order/parcel`
        if one.what == What.PARCELS:
            self.read_parcels(step, order_id)
        elif one.what == What.SINGLE:
            self.read_single(step, order_id)
        else:
            page = step.api.orders_by_id([one.name])
            with step.commit() as commit:
                step.count(commit, commit.store_orders(page.orders, read_at=step.read_at()))
                commit.records_read(What.LISTED, [one.name])


def doubt_of(error: EbayError) -> Doubt:
    """Only with an errorId of eBay's a 4xx is eBay's word about the record."""
    return Doubt.REFUSED if error.codes else Doubt.NO_WORD
