"""What the report leaves to be read: page by page where it is much, else listing by listing; and what no list has any more."""

from __future__ import annotations

from activities.polling.listing_single import read_single, store_single
from activities.polling.listing_skus import inventory_items
from activities.polling.poll import PollResult
from activities.polling.report_checkpoint import LISTS, MANY, WALK, WALKS, Phase, ReportCheckpoint
from activities.polling.report_pages import read_rows
from activities.polling.running import StepRun
from activities.polling.stepping_over import books
from domain.changes.listings import entity_id
from domain.changes.model import Kind
from domain.changes.unreadable import AGAIN
from store.events.rereads import What

AT_ONCE = 200  # listings removed in a commit


def read_page(step: StepRun, checkpoint: ReportCheckpoint) -> ReportCheckpoint:
    """A page of the active listings. What moves meanwhile shifts rows, so they are walked again until eBay's count stays the same."""
    checkpoint = checkpoint if checkpoint.page else checkpoint.move(walks=checkpoint.walks + 1, count=0, lost=0, steady=True)
    number = checkpoint.page + 1
    page = read_rows(step, number)
    date = page.date or step.read_at()
    # Of a seller without any SKU in the Inventory API thousands of listings would be asked for in vain.
    items = inventory_items(step, page.listings) if checkpoint.skus else []
    with step.commit() as commit:
        if items:
            step.count(commit, commit.store_inventory(items, date, read_from="bulk"))
        stored = commit.store_listings(page.listings, date, checkpoint.source, read_from="selling", without_id=page.without_id)
        step.count(commit, stored)
        commit.scan_page(checkpoint.scan, checkpoint.walks * WALK + number, [id_ for one in page.listings if (id_ := entity_id(one))], date)
        steady = checkpoint.steady and (number == 1 or page.total == checkpoint.rows)
        count = checkpoint.count + len(page.listings) + len(page.without_id)
        lost = checkpoint.lost + page.lost
        checkpoint = checkpoint.found(stored.changed, date).move(page=number, rows=page.total, steady=steady, count=count, lost=lost)
        if number >= page.pages:
            checkpoint = _walked(checkpoint)
        commit.advance(checkpoint=checkpoint.as_json())
    return checkpoint


def _walked(checkpoint: ReportCheckpoint) -> ReportCheckpoint:
    """Another walk, unless this one can be trusted, or there were enough."""
    checkpoint = checkpoint.move(page=0)
    # what eBay cannot show it will not show in another walk
    whole = checkpoint.steady and checkpoint.count + checkpoint.lost >= checkpoint.rows
    complete = whole and not checkpoint.lost
    if not whole and checkpoint.walks < WALKS:
        return checkpoint
    again = checkpoint.task is not None and checkpoint.compared == 1  # the report shows what slipped through
    return checkpoint.move(phase=Phase.COMPARE if again else Phase.ABSENT, lists=checkpoint.lists + complete)


def read_item(step: StepRun, checkpoint: ReportCheckpoint) -> ReportCheckpoint | PollResult:
    """One of the listings of which the report says something new. One that eBay does not show comes last, until it is set aside."""
    over, seller_id = books(step, What.LISTING), step.request.seller_id
    if not checkpoint.to_read:
        over.settle()
        return _saved(step, checkpoint.move(phase=Phase.ABSENT))
    first, rest = checkpoint.to_read[0], checkpoint.to_read[1:]
    if (step.step.set_aside or step.aside_moved) and step.steps.store.aside_of(seller_id, Kind.INVENTORY, [first]):
        return checkpoint.move(to_read=rest)
    if first in over.failing:  # so has every other one that is left
        over.settle()
        with step.commit() as commit:
            step.count(commit)
            return step.continue_later(commit, step.now() + AGAIN, "the report of all listings: reads again what eBay did not show")
    single = read_single(step, first, over)
    with step.commit() as commit:
        stored = store_single(step, commit, single, checkpoint.source)
        checkpoint = checkpoint.found(stored.changed, single.date).move(to_read=(*rest, first) if single.refused else rest)
        commit.advance(checkpoint=checkpoint.as_json())
    return checkpoint


def read_absent(step: StepRun, checkpoint: ReportCheckpoint) -> ReportCheckpoint:
    """Stored listings that are on no list. A few are asked for; many are over where two complete lists lack them."""
    seller_id = step.request.seller_id
    absent = step.steps.store.listings.unlisted(seller_id, checkpoint.scan, max(MANY + 1, AT_ONCE))
    if not absent or checkpoint.alone >= MANY:
        books(step, What.LISTING).settle()
        return _saved(step, checkpoint.move(phase=Phase.VERIFY))
    if checkpoint.few(len(absent)) or (checkpoint.walks >= WALKS and checkpoint.lists < LISTS):
        single = read_single(step, absent[0], books(step, What.LISTING))
        with step.commit() as commit:
            stored = store_single(step, commit, single, checkpoint.source)
            commit.scan_page(checkpoint.scan, (WALKS + 1) * WALK + checkpoint.alone, absent[:1], single.date)
            checkpoint = checkpoint.found(stored.changed, single.date).move(alone=checkpoint.alone + 1)
            commit.advance(checkpoint=checkpoint.as_json())
        return checkpoint
    if checkpoint.lists < LISTS:
        return _saved(step, checkpoint.move(phase=Phase.PAGES))
    with step.commit() as commit:
        stored = commit.remove_listings(absent[:AT_ONCE], step.read_at(), checkpoint.source, "selling")
        step.count(commit, stored)
        checkpoint = checkpoint.found(stored.changed, step.read_at())
        commit.advance(checkpoint=checkpoint.as_json())
    return checkpoint


def _saved(step: StepRun, checkpoint: ReportCheckpoint) -> ReportCheckpoint:
    with step.commit() as commit:
        commit.advance(checkpoint=checkpoint.as_json())
    return checkpoint
