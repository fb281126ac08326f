"""The listings poll: stock that the Inventory API does not see, by what was modified since the cursor. Quiet, it is one Trading call.

A sale brings it forward (`sooner.py`): the same call then shows every listing that was sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity

from activities.polling import moments, sources
from activities.polling.checkpoints import ListingsCheckpoint
from activities.polling.listing_single import read_single, store_single
from activities.polling.listing_skus import inventory_items
from activities.polling.listing_windows import FAR, keep, too_old, windows
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver, books, try_again
from activities.polling.steps import StepRunner
from domain.changes.model import Kind
from domain.pacing import InventorySource, Stream
from store.events import aside
from store.events.rereads import What
from store.events.sales import ListingsDue
from store.events.stock import ListingDue
from store.steps.listings import Neighbours

SINGLES = 10  # listings read alone in a round, a Trading call each: what is left is read in the next one
AT_ONCE = 500  # listings that left for the Inventory API, or that orders moved, a commit
REPORT_FIRST = timedelta(minutes=10)  # a report that is due comes within minutes, and then calls this stream itself
SOON = timedelta(hours=6)  # no cadence is that long unless somebody set it
NO_LISTINGS = "no listing outside of the Inventory API"


class ListingPolling:
    def __init__(self, steps: StepRunner) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def poll_listings(self, request: Poll) -> PollResult:
        """Read what was modified from the cursor less 2 minutes to eBay's now less 2 minutes; each window commits with its cursor.

        Who asks, or has just sold, is shown what is newer too, which the next poll reads again. eBay looks back 48 hours: without a cursor,
        or with an older one, the report of all listings comes first, and sets it. Listings that the Inventory API sees are told of as SKUs.
        Last come single listings that orders moved and no window showed. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.LISTINGS, self.read)

    def read(self, step: StepRun) -> PollResult:
        if end := sources.unused(step):
            return end
        if step.step.cursor is None or too_old(step.step.cursor, step.now()):
            return self.ask_for_report(step)
        lag = step.waits.listing_lag
        until = step.ebays_now() - (timedelta() if step.request.announced or step.request.asked else lag)
        moments.read_listings(step, step.ebays_now() - FAR)
        new_skus, shown, read_to = False, False, step.step.cursor
        for window in windows(step, step.step.cursor - step.waits.listing_lag, until, ListingsCheckpoint.read(step.step.checkpoint)):
            items = inventory_items(step, window.listings) if window.whole else []
            new_skus, shown, read_to = new_skus or bool(items), shown or bool(window.listings), max(read_to, window.read_to)
            with step.commit() as commit:
                keep(step, commit, window, items)
                commit.advance(cursor=window.read_to, checkpoint=window.checkpoint.as_json())
            if not window.last and not window.failed and step.over():
                return step.more("more modified listings to read")
        due = self.steps.store.listings_due(step.request.seller_id, step.ebays_now(), read_to, AT_ONCE)
        over = books(step, What.LISTING)
        over.answered()  # the windows were
        self.read_unshown(step, due, over)
        over.settle()
        try_again(step, (What.LISTING,), lambda one: self.read_again(step, one))
        return self.complete(step, new_skus, moved=shown or bool(due))

    def read_unshown(self, step: StepRun, due: Sequence[ListingDue], over: SteppingOver) -> None:
        """Listings that orders moved and no window showed: read alone where that is news, else as they are stored."""
        ids = [one.entity_id for one in due if one.unshown]
        put_aside = self.steps.store.aside_of(step.request.seller_id, Kind.INVENTORY, ids) if ids and step.step.set_aside else set()
        alone = [one for one in due if one.unshown and one.entity_id not in put_aside][:SINGLES]
        if as_stored := [one.entity_id for one in due if not one.unshown or one.entity_id in put_aside]:
            with step.commit() as commit:
                commit.stock_read(as_stored)
        for one in alone:
            single = read_single(step, one.entity_id, over)
            with step.commit() as commit:
                stored = store_single(step, commit, single)
                if not single.refused and not one.known and one.entity_id not in stored.changed:
                    commit.leave_to_report(one.entity_id, single.date)
            if step.over() or over.full:
                return

    def read_again(self, step: StepRun, one: aside.SetAsideDue) -> None:
        """What was set aside. Refused again, nothing is concluded."""
        single = read_single(step, one.name)
        with step.commit() as commit:
            store_single(step, commit, single)

    def complete(self, step: StepRun, new_skus: bool, moved: bool) -> PollResult:
        """`moved`: listings were read or due, so others may be due soon."""
        seller_id, store = step.request.seller_id, self.steps.store
        has_listings, around = store.listings.any(seller_id), store.listings.neighbours(seller_id)
        if has_listings and around.stock_moved:
            leave_to_inventory(step)
        asleep = around.inventory_at is not None and around.inventory_at - step.now() > SOON  # until now it had nothing
        rounds = (Stream.INVENTORY,) if new_skus and asleep else ()
        with step.commit() as commit:
            step.count(commit)
            if moved and (at := commit.next_listing_due()):
                step.listings_due = ListingsDue(at, step.now(), step.step.next_poll_at)
            return sources.complete(step, commit, None if has_listings else NO_LISTINGS, rounds)

    def ask_for_report(self, step: StepRun) -> PollResult:
        around: Neighbours = self.steps.store.listings.neighbours(step.request.seller_id)
        with step.commit() as commit:
            why = "waits for the report of all listings, which comes first"
            rounds = () if around.reported else (Stream.REPORT,)
            return step.complete_at(commit, step.now() + REPORT_FIRST, why, rounds)


def leave_to_inventory(step: StepRun) -> None:
    """Listings all of whose SKUs the Inventory API has by now are told of as these."""
    if step.step.inventory_source is InventorySource.TRADING:
        return
    left = True
    while left and (ids := step.steps.store.listings.backed(step.request.seller_id, AT_ONCE)):
        with step.commit() as commit:
            stored = commit.remove_listings(ids, step.read_at(), read_from="list")
            step.count(commit, stored)
            left = stored.changes > 0
