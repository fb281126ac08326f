"""The daily report of all active listings: the full truth, which finds what polling for changes missed, and what ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zlib import crc32

from temporalio import activity

from activities import sources
from activities.listing_skus import inventory_items
from activities.listing_windows import keep, too_old, windows
from activities.listings import leave_to_inventory
from activities.poll import Poll, PollResult
from activities.report_compare import compare
from activities.report_lists import read_absent, read_item, read_page
from activities.report_place import LOOKS, TRIES, ReportCheckpoint
from activities.running import StepRun
from activities.steps import StepRunner
from changes.listings import entity_id
from ebay.errors import AccessDeniedError, BadAnswerError, NotFoundError, RejectedError
from ebay.feed import TooMany
from pacing import Stream, words
from store.kinds import AlertKind

MISSED_TEXT = "the report of all listings found changes that polling had missed; they are recorded now, with source sweep"
NO_REPORT_TEXT = "eBay's report of all listings did not come or cannot be read: they are read page by page instead, which costs calls"
MARKETPLACE = "EBAY_US"  # of the request; the report has a seller's listings on all of them
Outcome = ReportCheckpoint | PollResult


class Report:
    def __init__(self, steps: StepRunner, every: timedelta) -> None:
        self.steps, self.every = steps, every
        self.phases: dict[str, Callable[[StepRun, ReportCheckpoint], Outcome]] = {
            "ask": self.ask,
            "wait": self.wait,
            "meet": self.meet,
            "compare": self.compare,
            "pages": read_page,
            "items": read_item,
            "absent": read_absent,
            "judge": self.evaluate,
        }

    @activity.defn(no_thread_cancel_exception=True)
    def read_report(self, request: Poll) -> PollResult:
        """Have eBay make the report, wait for it by the workflow's timer, compare it with what is stored, and read what differs.

        What differs is read alone where that is little, else page by page (200 a call). A listing that is absent is asked for, and removed
        when it has ended. Without the scope `sell.inventory`, or where no report comes, all pages are read instead. Where the listings'
        cursor was missing or too old, it is set. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.REPORT, self.read)

    def read(self, step: StepRun) -> PollResult:
        if end := sources.unused(step):
            return end
        place = ReportCheckpoint.model_validate(step.step.reading) if step.step.reading else self.begin(step)
        while True:
            outcome = self.phases[place.phase](step, place)
            if isinstance(outcome, PollResult):
                return outcome
            place = outcome
            if step.over():
                return step.more(f"the report of all listings: {place.phase}")

    def begin(self, step: StepRun) -> ReportCheckpoint:
        cursor = self.steps.store.cursor(step.request.seller_id, Stream.LISTINGS)
        return ReportCheckpoint(
            began_at=step.now(),
            first=step.step.cursor is None,
            behind=too_old(cursor, step.now()),
            scan=step.step.epoch,
            since=cursor,
        )

    # the report comes

    def ask(self, step: StepRun, place: ReportCheckpoint) -> Outcome:
        try:
            answer = step.api.create_report(MARKETPLACE)
        except AccessDeniedError:  # the consent has not the full scope: that stays so, and is no alert
            return self.to_pages(step, place, None)
        except RejectedError:
            return self.to_pages(step, place, AlertKind.NO_REPORT)
        if isinstance(answer, TooMany):
            return self.come_back(step, place.move(asked=place.asked + 1), answer.why)
        place = place.move(phase="wait", task=answer.task_id, tries=place.tries + 1, asked=0, began_at=step.sure_at())
        return self.come_back(step, place, "eBay makes the report of all listings")

    def wait(self, step: StepRun, place: ReportCheckpoint) -> Outcome:
        try:
            report = step.api.report(place.task or "")
        except (AccessDeniedError, RejectedError):
            return self.to_pages(step, place, AlertKind.NO_REPORT)
        if report.state == "failed":
            return self.ask_again(step, place)
        if report.state == "running":
            return self.come_back(step, place.move(asked=place.asked + 1), f"eBay makes the report of all listings ({report.words})")
        place = place.move(phase="meet", ready_at=step.read_at(), whole=report.whole)
        return self.kept(step, place)

    def come_back(self, step: StepRun, place: ReportCheckpoint, why: str) -> Outcome:
        if step.ebays_now() - place.began_at > step.waits.report_patience:
            return self.to_pages(step, place, AlertKind.NO_REPORT)
        with step.commit() as commit:
            step.count(commit)
            commit.advance(reading=place.model_dump(mode="json"))
            return step.continue_later(commit, step.now() + place.wait(step.waits.report_first), why)

    def ask_again(self, step: StepRun, place: ReportCheckpoint) -> Outcome:
        """This report is none. Another one may be; it costs little beside reading all pages."""
        if place.tries >= TRIES:
            return self.to_pages(step, place, AlertKind.NO_REPORT)
        return self.come_back(step, place.move(phase="ask", task=None, asked=place.asked + 1), "eBay's report cannot be used: another one")

    def to_pages(self, step: StepRun, place: ReportCheckpoint, alert: AlertKind | None) -> Outcome:
        place = place.move(phase="meet", task=None, began_at=step.sure_at(), ready_at=step.read_at())
        return self.kept(step, place, alert)

    def kept(self, step: StepRun, place: ReportCheckpoint, alert: AlertKind | None = None) -> ReportCheckpoint:
        with step.commit() as commit:
            step.count(commit)
            commit.advance(reading=place.model_dump(mode="json"))
            if alert:
                commit.open_alert(alert, NO_REPORT_TEXT)
        return place

    # it is compared

    def meet(self, step: StepRun, place: ReportCheckpoint) -> Outcome:
        """Before it is compared: what polling tells must have been told, and the Inventory API's scan be there."""
        around = self.steps.store.listings.neighbours(step.request.seller_id)
        if place.behind or too_old(around.cursor, step.now()) or around.cursor is None:
            place = place.move(behind=True)
            may_come = not around.denied and step.ebays_now() - place.began_at < step.waits.report_patience
            if not around.scanned and may_come and sources.reads_inventory(step):
                return self.come_back(step, place.move(asked=place.asked + 1), "waits for the first scan of the Inventory API")
        elif place.ready_at and around.cursor < place.ready_at:
            due = place.ready_at + step.waits.listing_lag + step.waits.report_behind
            if (wait := due - step.ebays_now()) > timedelta():
                with step.commit() as commit:
                    why = "the report of all listings is there: waits until polling has caught up with it"
                    return step.continue_later(commit, step.now() + wait, why)
            lag = step.waits.listing_lag
            _, place = self.read_windows(step, place, around.cursor - lag, step.ebays_now() - lag)
        skus = self.steps.store.listings.any_sku(step.request.seller_id)
        return self.kept(step, place.move(phase="compare" if place.task else "pages", asked=0, skus=skus))

    def read_windows(self, step: StepRun, place: ReportCheckpoint, start: datetime, until: datetime) -> tuple[set[str], ReportCheckpoint]:
        """What was modified since, for the listings stream; returns the ids, and the place with what eBay answers."""
        told: set[str] = set()
        for window in windows(step, start, until, {"limit": place.limit}):
            items = inventory_items(step, window.listings) if window.whole else []
            with step.commit() as commit:
                keep(step, commit, window, items)
                commit.advance_other(Stream.LISTINGS, window.read_to)
                if window.limit != place.limit:
                    place = place.move(limit=window.limit)
                    commit.advance(reading=place.model_dump(mode="json"))
            told |= {id_ for one in window.listings if (id_ := entity_id(one))}
        return told, place

    def compare(self, step: StepRun, place: ReportCheckpoint) -> Outcome:
        try:
            return compare(step, place)
        except (BadAnswerError, NotFoundError):  # no zip, torn, too large, or no file at all: it stays so
            return self.ask_again(step, place)
        except (AccessDeniedError, RejectedError):
            return self.to_pages(step, place, AlertKind.NO_REPORT)

    # it is over

    def evaluate(self, step: StepRun, place: ReportCheckpoint) -> Outcome:
        """What was found here and no window told of was missed. So polling first catches up with the last answer here.

        A listing that is modified just while it is asked for is in no window that was asked for: what seems missed is looked for again.
        """
        missed: set[str] = set()
        if place.changed and not place.behind and place.since and place.read_at:
            due = place.read_at + step.waits.listing_lag + step.waits.report_behind
            if (wait := due - step.ebays_now()) > timedelta():
                with step.commit() as commit:
                    return step.continue_later(
                        commit, step.now() + wait, "the report of all listings: sees whether polling tells of the same changes"
                    )
            if not too_old(place.since, step.now()):
                # up to now, as what is modified again leaves older windows; the cursor stays so far behind as always
                told, place = self.read_windows(step, place, place.since - step.waits.listing_lag, step.ebays_now())
                missed = set(place.changed) - told
            if missed and place.looks + 1 < LOOKS:
                return self.kept(step, place.move(looks=place.looks + 1, changed=tuple(sorted(missed)), read_at=step.read_at()))
        leave_to_inventory(step)
        return self.end(step, place, len(missed))

    def end(self, step: StepRun, place: ReportCheckpoint, missed: int) -> PollResult:
        first = 0.5 + (crc32(step.request.seller_id.encode()) % 1000) / 2000  # sellers enrolled together are not read together again
        wait = self.every * (first if place.first else 1)
        with step.commit() as commit:
            step.count(commit)
            commit.end_scan(place.scan)
            commit.end_report()
            commit.part_lost("active listings", f"{place.lost} listings of the list of active ones" if place.lost else None)
            commit.missed(missed, 0)
            commit.advance(cursor=place.began_at, reading=None)
            if place.behind:
                commit.advance_other(Stream.LISTINGS, place.began_at - step.waits.listing_lag)
            if missed:
                commit.open_alert(AlertKind.MISSED_LISTINGS, MISSED_TEXT)
            elif not place.behind:
                commit.close_alert(AlertKind.MISSED_LISTINGS)
            commit.close_alert(AlertKind.LISTINGS_INCOMPLETE)
            if place.task:
                commit.close_alert(AlertKind.NO_REPORT)
            rounds = (Stream.LISTINGS,) if place.behind else ()
            return step.complete_at(commit, step.now() + wait, f"every {words(self.every.total_seconds())}", rounds)
