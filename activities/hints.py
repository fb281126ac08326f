"""What notifications told of, read at once: the orders and listings that they name, by the same step as every poll."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity

from activities.listing_single import keep_single, read_single
from activities.poll import Poll, PollResult
from activities.running import StepRun
from activities.stepping_over import SteppingOver
from activities.steps import StepRunner
from changes.dates import read_time
from changes.orders import entity_id
from domain.streams import BY_TRADING
from ebay.blame import may_be_the_record
from ebay.errors import AccessDeniedError, BadAnswerError, DeadTokenError, EbayUnavailableError, NotFoundError, RejectedError
from ebay.topics import Asks, asks, moves_orders
from pacing import Stream
from store.listings import PREFIX
from store.notifications import PendingHint, State
from store.rereads import What

IDS_A_CALL = 50  # eBay's most
SOURCE = "notification"
# Until eBay shows what it told of: ten minutes in all, then it is polling's. Where an order is there, but as it was, some try.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 3, 5, 10, 20, 30, *[60] * 9))
UNMOVED_WAITS = WAITS[:6]
AT_ONCE = timedelta(minutes=-1)  # due before the next attempt begins
SLACK = timedelta(seconds=5)  # an event may be dated a moment after the order that shows it


@dataclass(slots=True)
class HintOutcome:
    """What becomes of hints that were looked at."""

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # to polling
    held: dict[timedelta, list[str]] = field(default_factory=dict)  # by how long


class HintReading:
    def __init__(self, steps: StepRunner) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def read_hints(self, request: Poll) -> PollResult:
        """Read what the seller's pending notifications name, 50 orders a call and then listings, with the reserve of the quota.

        Each call commits like a poll's, under the same fence, with the source `notification`; then its rows are ended, or held where eBay
        does not show yet what it told of. A crash in between reads again, and tells nothing twice. The orders' cursor stays: what was told
        of is read, not what lies between. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.ORDERS, self.read, named=SOURCE)

    def read(self, step: StepRun) -> PollResult:
        found = self.steps.store.notifications.pending(step.request.seller_id, step.now())
        by = {what: [hint for hint in found if asks(hint.topic) is what] for what in Asks}
        if useless := [hint.id for what in (Asks.NOTHING, Asks.PERSON) for hint in by[what]]:  # kept by a later version
            self.settle(step, HintOutcome(left=useless))
        if by[Asks.TOKEN]:
            self.check_token(step, by[Asks.TOKEN])
        parcels_due = 0
        for hints in batches(by[Asks.ORDERS]):
            parcels_due += self.read_orders(step, hints)
            if step.over():
                break
        over = SteppingOver(step, What.LISTING, kept=False)
        for hint in by[Asks.LISTINGS]:
            if step.over() or over.full:
                break
            self.read_listings(step, hint, over)
        over.settle()
        return self.rest(step, (Stream.FULFILLMENT,) if parcels_due else ())

    def rest(self, step: StepRun, due: tuple[Stream, ...]) -> PollResult:
        """When the next hint is to be read, in `next_due`; `done`: there is none."""
        at = self.steps.store.notifications.next_due(step.request.seller_id, step.now())
        why = "nothing is pending" if at is None else "eBay does not show yet what it told of"
        return step.result(next_due=at or step.now(), why=why, done=at is None, due=due)

    def check_token(self, step: StepRun, hints: Sequence[PendingHint]) -> None:
        """The seller took the consent back, eBay says: a new access token tells. Raises DeadTokenError: so it is."""
        seller_id, tokens = step.request.seller_id, self.steps.ebay.tokens
        try:
            tokens.renewed(seller_id, tokens.current(seller_id))
        except DeadTokenError:
            self.steps.store.notifications.end([hint.id for hint in hints])
            raise
        self.steps.store.notifications.end([hint.id for hint in hints])

    def read_orders(self, step: StepRun, hints: Sequence[PendingHint]) -> int:
        """Returns how many orders' parcels are due now because of it."""
        wanted = list(dict.fromkeys(order_id for hint in hints for order_id in hint.orders))
        if not wanted:  # a topic of orders that names none
            self.settle(step, HintOutcome(left=[hint.id for hint in hints]))
            return 0
        over = SteppingOver(step, What.LISTED, lambda order_id: step.api.orders_by_id([order_id]), kept=False)
        over.patient = all(hint.asks == 0 for hint in hints)
        try:
            documents = [order for _, page in over.lists(wanted, step.api.orders_by_id) for order in page.orders]
            over.settle()
        except AccessDeniedError:  # the poll of orders meets it too, and tells
            self.settle(step, HintOutcome(left=[hint.id for hint in hints]))
            return 0
        except (EbayUnavailableError, BadAnswerError):
            self.settle(step, failed(hints))
            raise
        except (RejectedError, NotFoundError):  # eBay refuses all that they name, each by itself
            documents = []
        with step.commit() as commit:
            commit.told((order_id, hint.received_at) for hint in hints for order_id in hint.orders)
            kept = commit.keep_orders(documents, read_at=step.read_at(), source=SOURCE)
            step.count(commit, kept)
            commit.records_read(What.LISTED, [order for order in wanted if order not in over.failing])
        shown = {id_: document for document in documents if (id_ := entity_id(document))}
        refused = {order for order, error in over.failing.items() if isinstance(error, RejectedError | NotFoundError)}
        broken = over.failing.keys() - refused
        self.settle(step, failed([hint for hint in hints if broken & set(hint.orders)], apart=True))
        self.settle(step, judged([hint for hint in hints if not broken & set(hint.orders)], shown, set(kept.changed), refused))
        return kept.parcels_due

    def read_listings(self, step: StepRun, hint: PendingHint, over: SteppingOver) -> None:
        if not self.follows_listings(step):
            self.settle(step, HintOutcome(left=[hint.id]))
            return
        for item_id in hint.listings:
            try:
                single = read_single(step, PREFIX + item_id)
            except AccessDeniedError:
                self.settle(step, HintOutcome(left=[hint.id]))
                return
            except (EbayUnavailableError, BadAnswerError) as error:
                if not may_be_the_record(error):
                    self.settle(step, failed([hint]))
                    raise
                self.settle(step, failed([hint], apart=True))
                over.failed(item_id, error)
                return
            over.worked()
            with step.commit() as commit:
                commit.told([(PREFIX + item_id, hint.received_at)])
                keep_single(step, commit, single, SOURCE)
        self.settle(step, HintOutcome(done=[hint.id]))

    def follows_listings(self, step: StepRun) -> bool:
        """Whether listings are read for this seller, and the report of all of them has come: until then each would look like a new one."""
        reads = step.step.inventory_source in BY_TRADING
        return reads and self.steps.store.cursor(step.request.seller_id, Stream.LISTINGS) is not None

    def settle(self, step: StepRun, outcome: HintOutcome) -> None:
        notifications = self.steps.store.notifications
        notifications.end(outcome.done)
        notifications.end(outcome.left, State.LEFT)
        for wait, ids in outcome.held.items():
            notifications.hold(ids, step.now() + wait)


def batches(hints: Iterable[PendingHint]) -> Iterable[list[PendingHint]]:
    """As many hints a call as it takes orders. A hint of its own names 50 at most."""
    batch: list[PendingHint] = []
    ids: set[str] = set()
    for hint in hints:
        if batch and len(ids | set(hint.orders)) > IDS_A_CALL:
            yield batch
            batch, ids = [], set()
        batch.append(hint)
        ids |= set(hint.orders)
    if batch:
        yield batch


def judged(hints: Sequence[PendingHint], shown: dict[str, Any], changed: set[str], refused: set[str]) -> HintOutcome:
    """Which hints are carried out, given what eBay showed.

    Args:
        shown: orders that eBay showed, by id.
        changed: those that were new or different.
        refused: ids that eBay will never show.
    """
    outcome = HintOutcome()
    for hint in hints:
        ids = [id_ for id_ in hint.orders if id_ not in refused]
        missing = [id_ for id_ in ids if id_ not in shown]
        unmoved = [id_ for id_ in ids if id_ in shown and id_ not in changed and is_before(shown[id_], hint)]
        waits = WAITS if missing else UNMOVED_WAITS
        if not missing and not unmoved:
            (outcome.done if ids else outcome.left).append(hint.id)
        elif hint.asks < len(waits):
            outcome.held.setdefault(waits[hint.asks], []).append(hint.id)
        else:
            (outcome.left if missing else outcome.done).append(hint.id)
    return outcome


def failed(hints: Sequence[PendingHint], *, apart: bool = False) -> HintOutcome:
    """eBay's answer was no good; an order whose answer never is must not keep others waiting for ever, and is left to polling in the end.

    `apart`: eBay answers for others, so these wait by themselves; else the step is tried again.
    """
    outcome = HintOutcome()
    for hint in hints:
        if hint.asks < len(WAITS):
            outcome.held.setdefault(WAITS[hint.asks] if apart else AT_ONCE, []).append(hint.id)
        else:
            outcome.left.append(hint.id)
    return outcome


def is_before(order: Any, hint: PendingHint) -> bool:
    """Whether eBay still shows the order as it was before what the hint tells of. Only where that moves the order's date."""
    modified: datetime | None = read_time(order.get("lastModifiedDate"))
    return moves_orders(hint.topic) and hint.happened_at is not None and modified is not None and modified < hint.happened_at - SLACK
