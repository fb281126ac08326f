"""The daily report of all active listings: the full truth, which finds what polling for changes missed, and what ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zlib import crc32

from temporalio import activity

from activities.polling import sources
from activities.polling.checkpoints import ListingsCheckpoint
from activities.polling.listing_skus import inventory_items
from activities.polling.listing_windows import keep, too_old, windows
from activities.polling.listings import leave_to_inventory
from activities.polling.poll import Poll, PollResult
from activities.polling.report_checkpoint import TRIES, VERIFICATIONS, Phase, ReportCheckpoint
from activities.polling.report_compare import compare
from activities.polling.report_lists import read_absent, read_item, read_page
from activities.polling.running import StepRun
from activities.polling.steps import StepRunner
from domain.changes.listings import entity_id
from domain.pacing import Stream, words
from ebay.errors import AccessDeniedError, BadAnswerError, NotFoundError, RejectedError
from ebay.feed import TooMany
from store.schema.kinds import AlertKind

MISSED_TEXT = "the report of all listings found changes that polling had missed; they are recorded now, with source sweep"
NO_REPORT_TEXT = "eBay's report of all listings did not come or cannot be read: they are read page by page instead, which costs calls"
MARKETPLACE = "EBAY_US"  # of the request; the report has a seller's listings on all of them
Outcome = ReportCheckpoint | PollResult


class Report:
    def __init__(self, steps: StepRunner, every: timedelta) -> None:
        self.steps, self.every = steps, every
        self.phases: dict[Phase, Callable[[StepRun, ReportCheckpoint], Outcome]] = {
            Phase.ASK: self.ask,
            Phase.WAIT: self.wait,
            Phase.CATCH_UP: self.catch_up,
            Phase.COMPARE: self.compare,
            Phase.PAGES: read_page,
            Phase.ITEMS: read_item,
            Phase.ABSENT: read_absent,
            Phase.VERIFY: self.verify,
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
        checkpoint = ReportCheckpoint.read(step.step.checkpoint) or self.begin(step)
        while True:
            outcome = self.phases[checkpoint.phase](step, checkpoint)
            if isinstance(outcome, PollResult):
                return outcome
            checkpoint = outcome
            if step.over():
                return step.more(f"the report of all listings: {checkpoint.phase.words}")

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

    def ask(self, step: StepRun, checkpoint: ReportCheckpoint) -> Outcome:
        try:
            answer = step.api.create_report(MARKETPLACE)
        except AccessDeniedError:  # the consent has not the full scope: that stays so, and is no alert
            return self.to_pages(step, checkpoint, None)
        except RejectedError:
            return self.to_pages(step, checkpoint, AlertKind.NO_REPORT)
        if isinstance(answer, TooMany):
            return self.ask_later(step, checkpoint, answer.why)
        checkpoint = checkpoint.move(phase=Phase.WAIT, task=answer.task_id, tries=checkpoint.tries + 1, asked=0, began_at=step.sure_at())
        return self.wait_for_ebay(step, checkpoint, "eBay makes the report of all listings")

    def wait(self, step: StepRun, checkpoint: ReportCheckpoint) -> Outcome:
        try:
            report = step.api.report(checkpoint.task or "")
        except (AccessDeniedError, RejectedError):
            return self.to_pages(step, checkpoint, AlertKind.NO_REPORT)
        if report.state == "failed":
            return self.ask_again(step, checkpoint)
        if report.state == "running":
            return self.ask_later(step, checkpoint, f"eBay makes the report of all listings ({report.words})")
        checkpoint = checkpoint.move(phase=Phase.CATCH_UP, ready_at=step.read_at(), whole=report.whole)
        return self.save(step, checkpoint)

    def ask_later(self, step: StepRun, checkpoint: ReportCheckpoint, why: str) -> Outcome:
        """Once more, a longer while later than the last time."""
        return self.wait_for_ebay(step, checkpoint.move(asked=checkpoint.asked + 1), why)

    def wait_for_ebay(self, step: StepRun, checkpoint: ReportCheckpoint, why: str) -> Outcome:
        if step.ebays_now() - checkpoint.began_at > step.waits.report_patience:
            return self.to_pages(step, checkpoint, AlertKind.NO_REPORT)
        with step.commit() as commit:
            step.count(commit)
            commit.advance(checkpoint=checkpoint.as_json())
            return step.continue_later(commit, step.now() + checkpoint.wait(step.waits.report_first), why)

    def ask_again(self, step: StepRun, checkpoint: ReportCheckpoint) -> Outcome:
        """This report is none. Another one may be; it costs little beside reading all pages."""
        if checkpoint.tries >= TRIES:
            return self.to_pages(step, checkpoint, AlertKind.NO_REPORT)
        return self.ask_later(step, checkpoint.move(phase=Phase.ASK, task=None), "eBay's report cannot be used: another one")

    def to_pages(self, step: StepRun, checkpoint: ReportCheckpoint, alert: AlertKind | None) -> Outcome:
        checkpoint = checkpoint.move(phase=Phase.CATCH_UP, task=None, began_at=step.sure_at(), ready_at=step.read_at())
        return self.save(step, checkpoint, alert)

    def save(self, step: StepRun, checkpoint: ReportCheckpoint, alert: AlertKind | None = None) -> ReportCheckpoint:
        with step.commit() as commit:
            step.count(commit)
            commit.advance(checkpoint=checkpoint.as_json())
            if alert:
                commit.open_alert(alert, NO_REPORT_TEXT)
        return checkpoint

    # it is compared

    def catch_up(self, step: StepRun, checkpoint: ReportCheckpoint) -> Outcome:
        """Before it is compared: polling must have found what it finds, and the Inventory API's scan be there."""
        around = self.steps.store.listings.neighbours(step.request.seller_id)
        if checkpoint.behind or too_old(around.cursor, step.now()) or around.cursor is None:
            checkpoint = checkpoint.move(behind=True)
            patient = step.ebays_now() - checkpoint.began_at < step.waits.report_patience
            if not around.scanned and not around.denied and patient and sources.reads_inventory(step):
                return self.ask_later(step, checkpoint, "waits for the first scan of the Inventory API")
        elif checkpoint.ready_at and around.cursor < checkpoint.ready_at:
            due = checkpoint.ready_at + step.waits.listing_lag + step.waits.report_behind
            if (wait := due - step.ebays_now()) > timedelta():
                with step.commit() as commit:
                    why = "the report of all listings is there: waits until polling has caught up with it"
                    return step.continue_later(commit, step.now() + wait, why)
            _, checkpoint = self.read_windows(
                step, checkpoint, around.cursor - step.waits.listing_lag, step.ebays_now() - step.waits.listing_lag
            )
        skus = self.steps.store.listings.any_sku(step.request.seller_id)
        return self.save(step, checkpoint.move(phase=Phase.COMPARE if checkpoint.task else Phase.PAGES, asked=0, skus=skus))

    def read_windows(
        self, step: StepRun, checkpoint: ReportCheckpoint, start: datetime, until: datetime
    ) -> tuple[set[str], ReportCheckpoint]:
        """What was modified since, for the listings stream; returns the ids, and the checkpoint with what eBay answers."""
        found: set[str] = set()
        for window in windows(step, start, until, ListingsCheckpoint(width=checkpoint.width)):
            items = inventory_items(step, window.listings) if window.whole else []
            with step.commit() as commit:
                keep(step, commit, window, items)
                commit.advance_other(Stream.LISTINGS, window.read_to)
                if window.learned != checkpoint.width:
                    checkpoint = checkpoint.move(width=window.learned)
                    commit.advance(checkpoint=checkpoint.as_json())
            found |= {id_ for one in window.listings if (id_ := entity_id(one))}
        return found, checkpoint

    def compare(self, step: StepRun, checkpoint: ReportCheckpoint) -> Outcome:
        try:
            return compare(step, checkpoint)
        except (BadAnswerError, NotFoundError):  # no zip, torn, too large, or no file at all: it stays so
            return self.ask_again(step, checkpoint)
        except (AccessDeniedError, RejectedError):
            return self.to_pages(step, checkpoint, AlertKind.NO_REPORT)

    # it is over

    def verify(self, step: StepRun, checkpoint: ReportCheckpoint) -> Outcome:
        """What was found here and in no window was missed. So polling first catches up with the last answer here.

        A listing that is modified just while it is asked for is in no window that was asked for: what seems missed is looked for again.
        """
        missed: set[str] = set()
        if checkpoint.changed and not checkpoint.behind and checkpoint.since and checkpoint.read_at:
            due = checkpoint.read_at + step.waits.listing_lag + step.waits.report_behind
            if (wait := due - step.ebays_now()) > timedelta():
                with step.commit() as commit:
                    return step.continue_later(
                        commit, step.now() + wait, "the report of all listings: sees whether polling tells of the same changes"
                    )
            if not too_old(checkpoint.since, step.now()):
                # up to now, as what is modified again leaves older windows; the cursor stays so far behind as always
                found, checkpoint = self.read_windows(step, checkpoint, checkpoint.since - step.waits.listing_lag, step.ebays_now())
                missed = set(checkpoint.changed) - found
            if missed and checkpoint.verifications + 1 < VERIFICATIONS:
                again = checkpoint.move(verifications=checkpoint.verifications + 1, changed=tuple(sorted(missed)), read_at=step.read_at())
                return self.save(step, again)
        leave_to_inventory(step)
        return self.end(step, checkpoint, len(missed))

    def end(self, step: StepRun, checkpoint: ReportCheckpoint, missed: int) -> PollResult:
        first = 0.5 + (crc32(step.request.seller_id.encode()) % 1000) / 2000  # sellers enrolled together are not read together again
        wait = self.every * (first if checkpoint.first else 1)
        with step.commit() as commit:
            step.count(commit)
            commit.end_scan(checkpoint.scan)
            commit.end_report()
            commit.part_lost("active listings", f"{checkpoint.lost} listings of the list of active ones" if checkpoint.lost else None)
            commit.missed(missed, 0)
            commit.advance(cursor=checkpoint.began_at, checkpoint=None)
            if checkpoint.behind:
                commit.advance_other(Stream.LISTINGS, checkpoint.began_at - step.waits.listing_lag)
            if missed:
                commit.open_alert(AlertKind.MISSED_LISTINGS, MISSED_TEXT)
            elif not checkpoint.behind:
                commit.close_alert(AlertKind.MISSED_LISTINGS)
            commit.close_alert(AlertKind.LISTINGS_INCOMPLETE)
            if checkpoint.task:
                commit.close_alert(AlertKind.NO_REPORT)
            rounds = (Stream.LISTINGS,) if checkpoint.behind else ()
            return step.complete_at(commit, step.now() + wait, f"every {words(self.every.total_seconds())}", rounds)
