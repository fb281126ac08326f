"""What notifications told of, read at once: the orders and listings that they name, by the same step as every poll."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity

from activities.polling.listing_single import read_single, store_single
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver
from activities.polling.steps import StepRunner
from domain.changes.dates import read_time
from domain.changes.orders import entity_id
from domain.pacing import Stream
from domain.streams import BY_TRADING
from ebay.blame import may_be_the_record
from ebay.errors import AccessDeniedError, BadAnswerError, DeadTokenError, EbayUnavailableError, NotFoundError, RejectedError
from ebay.topics import Asks, asks, moves_orders
from store.events.rereads import What
from store.steps.listings import PREFIX
from store.steps.notifications import PendingNotification, State

IDS_A_CALL = 50  # eBay's most
SOURCE = "notification"
# Until eBay shows what it told of: ten minutes in all, then it is polling's. Where an order is there, but as it was, some try.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 3, 5, 10, 20, 30, *[60] * 9))
UNMOVED_WAITS = WAITS[:6]
AT_ONCE = timedelta(minutes=-1)  # due before the next attempt begins
SLACK = timedelta(seconds=5)  # an event may be dated a moment after the order that shows it


@dataclass(slots=True)
class NotificationOutcome:
    """What becomes of notifications that were looked at."""

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # to polling
    held: dict[timedelta, list[str]] = field(default_factory=dict)  # by how long


class NotificationPoll:
    def __init__(self, steps: StepRunner) -> None:
        self.steps = steps

    @activity.defn(name="read_hints", no_thread_cancel_exception=True)
    def poll_notified(self, request: Poll) -> PollResult:
        """Read what the seller's pending notifications name, 50 orders a call and then listings, with the reserve of the quota.

        Each call commits like a poll's, under the same fence, with the source `notification`; then its rows are ended, or held where eBay
        does not show yet what it told of. A crash in between reads again, and tells nothing twice. The orders' cursor stays: what was told
        of is read, not what lies between. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.ORDERS, self.read, named=SOURCE)

    def read(self, step: StepRun) -> PollResult:
        found = self.steps.store.notifications.pending(step.request.seller_id, step.now())
        by = {what: [notification for notification in found if asks(notification.topic) is what] for what in Asks}
        if useless := [notification.id for what in (Asks.NOTHING, Asks.PERSON) for notification in by[what]]:  # kept by a later version
            self.settle(step, NotificationOutcome(left=useless))
        if by[Asks.TOKEN]:
            self.check_token(step, by[Asks.TOKEN])
        parcels_due = 0
        for notifications in batches(by[Asks.ORDERS]):
            parcels_due += self.read_orders(step, notifications)
            if step.over():
                break
        over = SteppingOver(step, What.LISTING, remembered=False)
        for notification in by[Asks.LISTINGS]:
            if step.over() or over.full:
                break
            self.read_listings(step, notification, over)
        over.settle()
        return self.continue_later(step, (Stream.FULFILLMENT,) if parcels_due else ())

    def continue_later(self, step: StepRun, due: tuple[Stream, ...]) -> PollResult:
        """When the next notification is to be read, in `next_due`; `done`: there is none."""
        at = self.steps.store.notifications.next_due(step.request.seller_id, step.now())
        why = "nothing is pending" if at is None else "eBay does not show yet what it told of"
        return step.result(next_due=at or step.now(), why=why, done=at is None, due=due)

    def check_token(self, step: StepRun, notifications: Sequence[PendingNotification]) -> None:
        """The seller took the consent back, eBay says: a new access token tells. Raises DeadTokenError: so it is."""
        seller_id, tokens = step.request.seller_id, self.steps.ebay.tokens
        try:
            tokens.renewed(seller_id, tokens.current(seller_id))
        except DeadTokenError:
            self.steps.store.notifications.end([notification.id for notification in notifications])
            raise
        self.steps.store.notifications.end([notification.id for notification in notifications])

    def read_orders(self, step: StepRun, notifications: Sequence[PendingNotification]) -> int:
        """Returns how many orders' parcels are due now because of it."""
        order_ids = list(dict.fromkeys(order_id for notification in notifications for order_id in notification.orders))
        if not order_ids:  # a topic of orders that names none
            self.settle(step, NotificationOutcome(left=[notification.id for notification in notifications]))
            return 0
        over = SteppingOver(step, What.LISTED, lambda order_id: step.api.orders_by_id([order_id]), remembered=False)
        over.patient = all(notification.asks == 0 for notification in notifications)
        try:
            documents = [order for _, page in over.lists(order_ids, step.api.orders_by_id) for order in page.orders]
            over.settle()
        except AccessDeniedError:  # the poll of orders meets it too, and tells
            self.settle(step, NotificationOutcome(left=[notification.id for notification in notifications]))
            return 0
        except (EbayUnavailableError, BadAnswerError):
            self.settle(step, failed(notifications))
            raise
        except (RejectedError, NotFoundError):  # eBay refuses all that they name, each by itself
            documents = []
        with step.commit() as commit:
            commit.note_notified_at(
                (order_id, notification.received_at) for notification in notifications for order_id in notification.orders
            )
            stored = commit.store_orders(documents, read_at=step.read_at(), source=SOURCE)
            step.count(commit, stored)
            commit.records_read(What.LISTED, [order for order in order_ids if order not in over.failing])
        shown = {id_: document for document in documents if (id_ := entity_id(document))}
        refused = {order for order, error in over.failing.items() if isinstance(error, RejectedError | NotFoundError)}
        broken = over.failing.keys() - refused
        self.settle(step, failed([notification for notification in notifications if broken & set(notification.orders)], apart=True))
        self.settle(
            step,
            judged(
                [notification for notification in notifications if not broken & set(notification.orders)],
                shown,
                set(stored.changed),
                refused,
            ),
        )
        return stored.parcels_due

    def read_listings(self, step: StepRun, notification: PendingNotification, over: SteppingOver) -> None:
        if not self.follows_listings(step):
            self.settle(step, NotificationOutcome(left=[notification.id]))
            return
        for item_id in notification.listings:
            try:
                single = read_single(step, PREFIX + item_id)
            except AccessDeniedError:
                self.settle(step, NotificationOutcome(left=[notification.id]))
                return
            except (EbayUnavailableError, BadAnswerError) as error:
                if not may_be_the_record(error):
                    self.settle(step, failed([notification]))
                    raise
                self.settle(step, failed([notification], apart=True))
                over.failed(item_id, error)
                return
            over.worked()
            with step.commit() as commit:
                commit.note_notified_at([(PREFIX + item_id, notification.received_at)])
                store_single(step, commit, single, SOURCE)
        self.settle(step, NotificationOutcome(done=[notification.id]))

    def follows_listings(self, step: StepRun) -> bool:
        """Whether listings are read for this seller, and the report of all of them has come: until then each would look like a new one."""
        reads = step.step.inventory_source in BY_TRADING
        return reads and self.steps.store.cursor(step.request.seller_id, Stream.LISTINGS) is not None

    def settle(self, step: StepRun, outcome: NotificationOutcome) -> None:
        notifications = self.steps.store.notifications
        notifications.end(outcome.done)
        notifications.end(outcome.left, State.LEFT)
        for wait, ids in outcome.held.items():
            notifications.hold(ids, step.now() + wait)


def batches(notifications: Iterable[PendingNotification]) -> Iterable[list[PendingNotification]]:
    """As many notifications a call as it takes orders. One of them names 50 at most."""
    batch: list[PendingNotification] = []
    ids: set[str] = set()
    for notification in notifications:
        if batch and len(ids | set(notification.orders)) > IDS_A_CALL:
            yield batch
            batch, ids = [], set()
        batch.append(notification)
        ids |= set(notification.orders)
    if batch:
        yield batch


def judged(
    notifications: Sequence[PendingNotification], shown: dict[str, Any], changed: set[str], refused: set[str]
) -> NotificationOutcome:
    """Which notifications are carried out, given what eBay showed.

    Args:
        shown: orders that eBay showed, by id.
        changed: those that were new or different.
        refused: ids that eBay will never show.
    """
    outcome = NotificationOutcome()
    for notification in notifications:
        ids = [id_ for id_ in notification.orders if id_ not in refused]
        missing = [id_ for id_ in ids if id_ not in shown]
        unmoved = [id_ for id_ in ids if id_ in shown and id_ not in changed and is_before(shown[id_], notification)]
        waits = WAITS if missing else UNMOVED_WAITS
        if not missing and not unmoved:
            (outcome.done if ids else outcome.left).append(notification.id)
        elif notification.asks < len(waits):
            outcome.held.setdefault(waits[notification.asks], []).append(notification.id)
        else:
            (outcome.left if missing else outcome.done).append(notification.id)
    return outcome


def failed(notifications: Sequence[PendingNotification], *, apart: bool = False) -> NotificationOutcome:
    """eBay's answer was no good; an order whose answer never is must not keep others waiting for ever, and is left to polling in the end.

    `apart`: eBay answers for others, so these wait by themselves; else the step is tried again.
    """
    outcome = NotificationOutcome()
    for notification in notifications:
        if notification.asks < len(WAITS):
            outcome.held.setdefault(WAITS[notification.asks] if apart else AT_ONCE, []).append(notification.id)
        else:
            outcome.left.append(notification.id)
    return outcome


def is_before(order: Any, notification: PendingNotification) -> bool:
    """Whether eBay still shows the order as it was before what the notification tells of. Only where that moves the order's date."""
    modified: datetime | None = read_time(order.get("lastModifiedDate"))
    return (
        moves_orders(notification.topic)
        and notification.happened_at is not None
        and modified is not None
        and modified < notification.happened_at - SLACK
    )
