"""Windows of GetEvents: what was modified since the listings' cursor. Used by the listings poll and by the daily report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from activities.polling.checkpoints import ListingsCheckpoint
from activities.polling.running import StepRun
from domain.changes.model import Document
from domain.changes.moments import Moment
from domain.pacing import Stream
from ebay.clock import floor_ms
from ebay.errors import EbayError
from ebay.isolating import around
from ebay.narrowing import LearnedWidth, Width
from ebay.trading import LONGEST_WINDOW, SellerEvents
from store import Commit, StoreResult
from store.schema.kinds import AlertKind

FAR = timedelta(hours=47)  # eBay looks back 48 hours
AN_HOUR = timedelta(hours=1)
NARROWEST = timedelta(seconds=1)  # a window that is not halved any more
MOST = 2_000  # items of a whole answer. eBay's documents say 3,000, and in places less where all details are asked for
INCOMPLETE_TEXT = "more listings were modified within a second than eBay lists; the daily report will find what is missing"


@dataclass(frozen=True, slots=True)
class ListingWindow:
    """What was modified in one window."""

    listings: list[Document]
    without_id: list[str]
    date: datetime  # eBay's clock at the answer
    read_to: datetime  # all that was modified up to here is read
    width: timedelta  # of the next window
    last: bool
    whole: bool  # False: there was more than eBay lists, so it is only a beginning; a narrower one follows
    lost: bool = False  # not whole, and it could not be made any narrower
    learned: LearnedWidth | None = None  # where eBay fails for wider ones
    failed: bool = False  # it did for this one: nothing was read
    unreadable: Moment | None = None  # eBay cannot show what was modified then

    @property
    def checkpoint(self) -> ListingsCheckpoint:
        """Where the read goes on."""
        if self.last:
            return ListingsCheckpoint(width=self.learned)
        return ListingsCheckpoint(read_to=self.read_to, window=self.width, width=self.learned)


def too_old(cursor: datetime | None, now: datetime) -> bool:
    """Whether eBay can no longer tell what was modified since."""
    return cursor is None or now - cursor > FAR


def windows(step: StepRun, start: datetime, until: datetime, checkpoint: ListingsCheckpoint | None = None) -> Iterator[ListingWindow]:
    """From `start` to `until`, oldest first, each as wide as eBay answers it, and whole: what fails or is not whole is halved in time.

    Args:
        until: by eBay's clock, as far as we know it; what it has not reached yet is not taken for read.
        checkpoint: where a read that was broken off goes on, instead of at `start`.

    Raises:
        EbayError: eBay fails for the narrowest too, or for as many as one step tries. What was given before stays good, the width too.
    """
    width, most, checkpoint = LONGEST_WINDOW, MOST, checkpoint or ListingsCheckpoint()
    limit = Width.of(checkpoint.width, step.step.failures)
    if checkpoint.read_to and checkpoint.window:
        start, width = checkpoint.read_to, checkpoint.window
    start, until = floor_ms(start), floor_ms(until)
    aside = list(step.steps.store.unreadable(step.request.seller_id, Stream.LISTINGS, start)) if step.step.set_aside else []
    while start < until:
        aside = [moment for moment in aside if moment.end > start]
        if aside and aside[0].start <= start:
            start = min(aside[0].end, until)
            yield ListingWindow([], [], step.read_at(), start, width, last=start == until, whole=True, learned=limit.learned())
            continue
        end = floor_ms(min([until, start + limit.limited(width), *(moment.start for moment in aside)]))
        try:
            events = step.api.seller_events(start, end)
        except EbayError as error:
            if limit.isolates(error, end - start):
                for window in isolated(step, start, end, width, limit, error):
                    whole, width = window.whole, window.width
                    yield window
                start = end if whole else window.read_to
                if step.sure_at() - step.waits.listing_lag < start:
                    return
                continue
            if not limit.narrower(error, end - start, NARROWEST):
                raise
            yield ListingWindow([], [], step.read_at(), start, width, last=False, whole=False, learned=limit.learned(), failed=True)
            if limit.over or step.over():
                raise
            continue
        limit.worked(end - start, LONGEST_WINDOW)
        count = len(events.listings) + len(events.without_id)
        whole = events.complete and count < MOST
        if not whole and end - start > NARROWEST:
            most, width = min(most, count), floor_ms(start + (end - start) / 2) - start
            yield ListingWindow(
                events.listings, events.without_id, events.date, start, width, last=False, whole=False, learned=limit.learned()
            )
            continue
        width = min(width * 2, LONGEST_WINDOW) if count * 2 < most else width
        read_to = min(end, step.sure_at() - step.waits.listing_lag)
        last = end == until or read_to < end
        if last:
            limit.read_over()
        yield ListingWindow(
            events.listings, events.without_id, events.date, read_to, width, last, whole=True, lost=not whole, learned=limit.learned()
        )
        if read_to < end:
            return
        start = end


def isolated(step: StepRun, start: datetime, end: datetime, width: timedelta, limit: Width, failure: EbayError) -> Iterator[ListingWindow]:
    """The parts of a window that failed again and again: all but the seconds that eBay cannot show; later ones first where these fail."""

    def window(
        events: SellerEvents | None, read_to: datetime, wide: timedelta = width, moment: Moment | None = None, *, whole: bool = True
    ) -> ListingWindow:
        listings, without_id, date = (events.listings, events.without_id, events.date) if events else ([], [], step.read_at())
        return ListingWindow(listings, without_id, date, read_to, wide, last=False, whole=whole, learned=limit.learned(), unreadable=moment)

    limit.searched += 1
    near = start - AN_HOUR if step.ebays_now() - start < FAR - AN_HOUR else start
    read_to, found, widest = start, False, timedelta()
    try:
        for piece in around(step.api.seller_events, start, end, failure, (near, near + NARROWEST), NARROWEST):
            events = piece.answer
            if events and not (events.complete and len(events.listings) + len(events.without_id) < MOST):
                if piece.settled:  # there is more than eBay lists: it is read in narrower windows
                    yield window(events, piece.start, floor_ms(piece.start + (piece.end - piece.start) / 2) - piece.start, whole=False)
                    return
                continue
            widest = max(widest, piece.end - piece.start if events else timedelta())
            read_to = max(min(piece.end, step.sure_at() - step.waits.listing_lag), start) if piece.settled else read_to
            found = found or piece.unreadable is not None
            yield window(events, read_to, moment=Moment(piece.start, piece.end, piece.unreadable) if piece.unreadable else None)
    except EbayError as error:
        if read_to == start and limit.narrower(error, end - start, NARROWEST):
            yield ListingWindow([], [], step.read_at(), start, width, last=False, whole=False, learned=limit.learned(), failed=True)
        raise
    limit.search_over(failure, end - start, widest, found=found, narrowest=NARROWEST, longest=LONGEST_WINDOW)


def keep(step: StepRun, commit: Commit, window: ListingWindow, items: Sequence[Document]) -> None:
    """What a window told, in a step's commit. `items`: as `inventory_items` found them for its listings, before the commit."""
    if window.unreadable:
        commit.unreadable(window.unreadable, Stream.LISTINGS)
    if not window.whole:
        step.count(commit)
        return
    if items:
        step.count(commit, commit.store_inventory(items, window.date, read_from="bulk"))
    stored = (
        commit.store_listings(window.listings, window.date, without_id=window.without_id)
        if window.listings or window.without_id
        else StoreResult()
    )
    step.count(commit, stored)
    if window.lost:
        commit.open_alert(AlertKind.LISTINGS_INCOMPLETE, INCOMPLETE_TEXT)
