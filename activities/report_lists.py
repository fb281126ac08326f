"""What the report leaves to be read: page by page where it is much, else listing by listing; and what no list has any more."""

from __future__ import annotations

from activities.listing_single import read_single, store_single
from activities.listing_skus import inventory_items
from activities.poll import PollResult
from activities.report_pages import read_rows
from activities.report_place import LISTS, MANY, WALK, WALKS, ReportCheckpoint
from activities.running import StepRun
from activities.stepping_over import books
from changes.listings import entity_id
from changes.model import Kind
from changes.unreadable import AGAIN
from store.rereads import What

AT_ONCE = 200  # listings removed in a commit


def read_page(step: StepRun, place: ReportCheckpoint) -> ReportCheckpoint:
    """A page of the active listings. What moves meanwhile shifts rows, so they are walked again until eBay's count stays the same."""
    place = place if place.page else place.move(walks=place.walks + 1, count=0, lost=0, steady=True)
    number = place.page + 1
    page = read_rows(step, number)
    date = page.date or step.read_at()
    # Of a seller without any SKU in the Inventory API thousands of listings would be asked for in vain.
    items = inventory_items(step, page.listings) if place.skus else []
    with step.commit() as commit:
        if items:
            step.count(commit, commit.store_inventory(items, date, read_from="bulk"))
        kept = commit.store_listings(page.listings, date, place.source, read_from="selling", without_id=page.without_id)
        step.count(commit, kept)
        commit.scan_page(place.scan, place.walks * WALK + number, [id_ for one in page.listings if (id_ := entity_id(one))], date)
        steady = place.steady and (number == 1 or page.total == place.rows)
        count = place.count + len(page.listings) + len(page.without_id)
        lost = place.lost + page.lost
        place = place.found(kept.changed, date).move(page=number, rows=page.total, steady=steady, count=count, lost=lost)
        if number >= page.pages:
            place = _walked(place)
        commit.advance(reading=place.model_dump(mode="json"))
    return place


def _walked(place: ReportCheckpoint) -> ReportCheckpoint:
    """Another walk, unless this one can be trusted, or there were enough."""
    place = place.move(page=0)
    whole = place.steady and place.count + place.lost >= place.rows  # what eBay cannot show it will not show in another walk
    complete = whole and not place.lost
    if not whole and place.walks < WALKS:
        return place
    again = place.task is not None and place.compared == 1  # the report shows what slipped through
    return place.move(phase="compare" if again else "absent", lists=place.lists + complete)


def read_item(step: StepRun, place: ReportCheckpoint) -> ReportCheckpoint | PollResult:
    """One of the listings of which the report says something new. One that eBay does not show comes last, until it is set aside."""
    over, seller_id = books(step, What.LISTING), step.request.seller_id
    if not place.wanted:
        over.settle()
        return _kept(step, place.move(phase="absent"))
    first, rest = place.wanted[0], place.wanted[1:]
    if (step.step.set_aside or step.aside_moved) and step.steps.store.aside_of(seller_id, Kind.INVENTORY, [first]):
        return place.move(wanted=rest)
    if first in over.failing:  # so has every other one that is left
        over.settle()
        with step.commit() as commit:
            step.count(commit)
            return step.continue_later(commit, step.now() + AGAIN, "the report of all listings: reads again what eBay did not show")
    single = read_single(step, first, over)
    with step.commit() as commit:
        kept = store_single(step, commit, single, place.source)
        place = place.found(kept.changed, single.date).move(wanted=(*rest, first) if single.refused else rest)
        commit.advance(reading=place.model_dump(mode="json"))
    return place


def read_absent(step: StepRun, place: ReportCheckpoint) -> ReportCheckpoint:
    """Stored listings that are on no list. A few are asked for; many are over where two complete lists lack them."""
    seller_id = step.request.seller_id
    absent = step.steps.store.listings.unlisted(seller_id, place.scan, max(MANY + 1, AT_ONCE))
    if not absent or place.alone >= MANY:
        books(step, What.LISTING).settle()
        return _kept(step, place.move(phase="judge"))
    if place.few(len(absent)) or (place.walks >= WALKS and place.lists < LISTS):
        single = read_single(step, absent[0], books(step, What.LISTING))
        with step.commit() as commit:
            kept = store_single(step, commit, single, place.source)
            commit.scan_page(place.scan, (WALKS + 1) * WALK + place.alone, absent[:1], single.date)
            place = place.found(kept.changed, single.date).move(alone=place.alone + 1)
            commit.advance(reading=place.model_dump(mode="json"))
        return place
    if place.lists < LISTS:
        return _kept(step, place.move(phase="pages"))
    with step.commit() as commit:
        kept = commit.remove_listings(absent[:AT_ONCE], step.read_at(), place.source, "selling")
        step.count(commit, kept)
        place = place.found(kept.changed, step.read_at())
        commit.advance(reading=place.model_dump(mode="json"))
    return place


def _kept(step: StepRun, place: ReportCheckpoint) -> ReportCheckpoint:
    with step.commit() as commit:
        commit.advance(reading=place.model_dump(mode="json"))
    return place
