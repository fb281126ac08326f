"""Records that eBay fails for are stepped over: the one rule of all streams, as a step counts it. The rule: `domain/changes/unreadable.py`.

Use it so: `worked` after each record that could be read, `failed` where a call failed, `settle` when no record is left to be tried.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from activities.polling.running import StepRun
from domain.changes import unreadable
from domain.pacing import Stream
from domain.streams import STREAMS
from ebay.blame import may_be_the_record
from ebay.errors import EbayError, NotFoundError, RejectedError
from store.events.aside import SetAsideDue
from store.events.rereads import What

T = TypeVar("T")

LISTS = 3  # that fail in a row before it is seen whether eBay answers at all: a list and its halves
A_MOMENT = timedelta(seconds=5)  # a poll that ended just then began before
MOST_LISTS = 10  # the same, where there is nothing to see it by


class SteppingOver:
    """The records of one kind that one step reads."""

    def __init__(
        self, step: StepRun, what: What, ask: Callable[[str], object] | None = None, *, remembered: bool = True, refusals: bool = True
    ) -> None:
        """The records' books.

        Args:
            ask: reads one record in the same way; it is given one that eBay showed before, to see whether eBay answers. None: no such.
            remembered: failures are counted from step to step; False: whoever asks counts them.
            refusals: a 4xx is one; False: it is an answer like another.
        """
        self.step, self.what, self.ask, self.remembered, self.refusals = step, what, ask, remembered, refusals
        self.patient = step.step.failures == 0 and not step.step.failing
        self.failing: dict[str, EbayError] = {}  # in this step
        self._pending: dict[str, datetime] = {}  # those that count once something witnesses that eBay is well: when they failed first
        self._worked = self._answered = False
        self._in_a_row = 0

    @property
    def full(self) -> bool:
        """So many failed that the others are left to the next step."""
        return len(self.failing) >= unreadable.MOST_FAILED

    def worked(self) -> None:
        """eBay showed a record: what failed before and after is to blame itself."""
        self._worked, self._in_a_row = True, 0
        if self._pending:
            self._count(list(self._pending))

    def answered(self) -> None:
        """eBay answered another call of the resource. That is less: what shows these records may be down alone."""
        self._answered = True

    def failed(self, record: str, error: EbayError) -> None:
        """A call for this record alone failed. Raises `error` where that may not be the record's matter, or where nothing works."""
        if not may_be_the_record(error):
            raise error
        self.failing[record] = error
        if self._worked:
            self._count([record])
        else:
            self._note(record)
        self._in_a_row += 1
        if self._in_a_row >= unreadable.IN_A_ROW:
            self._worked, self._in_a_row = False, 0
            self.settle()

    def settle(self) -> None:
        """No record is left that could tell, or the step's time is over: the next one would begin with the same.

        Raises the first record's error where nothing else tells that eBay is well.
        """
        if not self._pending:
            return
        first, since = min(self._pending.items(), key=lambda one: one[1])
        worked = self.is_well()
        lasted = self.step.now() - since
        if not unreadable.counts(worked, len(self._pending), lasted, self._answered or self._well_since(since)):
            raise self.failing[first]
        self._worked = worked
        self._count(list(self._pending))

    def lists(self, records: Sequence[str], ask: Callable[[list[str]], T]) -> Iterator[tuple[list[str], T]]:
        """As one list where eBay answers it, else in halves, until what fails is found. What fails alone is in `failing`, and not given.

        The widest parts first: so the first that is answered, which tells that eBay is well, comes soon. What may pass by itself is
        left to the next step once: the poll's first failure is raised; and later lists are asked for once more before they are halved.
        """
        parts, failed, whole = deque([list(records)]), 0, True
        while parts:
            part = parts.popleft()
            try:
                answer = ask(part)
            except EbayError as error:
                if not may_be_the_record(error):
                    raise
                passing, whole_before, whole = not refused(error), whole, False
                if passing and self.patient:
                    raise
                if len(part) == 1:
                    self.failed(part[0], error)
                    continue
                failed += 1
                if failed >= LISTS and not self._worked and not self._answers(failed):
                    raise
                middle = len(part) // 2
                parts.extend([part] if passing and whole_before else [part[:middle], part[middle:]])
                continue
            self.worked()
            yield part, answer

    def is_well(self) -> bool:
        """Whether eBay shows a record that it showed before: what fails otherwise fails for itself."""
        return self._probe() is True

    def _answers(self, failed: int) -> bool:
        probed = self._probe()
        self._worked = bool(probed)
        return self._worked or (probed is None and failed < MOST_LISTS)

    def _probe(self) -> bool | None:
        """Whether eBay shows a record that it showed before; None: there is none to ask for."""
        if self.ask is None:
            return None
        worked: bool | None = None
        for record in self.step.steps.store.proven(self.step.request.seller_id, self.what):
            if record in self.failing:
                continue
            try:
                self.ask(record)
            except EbayError as error:
                if not may_be_the_record(error):
                    raise
                worked = False
            else:
                return True
        return worked

    def _well_since(self, since: datetime) -> bool:
        mine = set() if self.step.request.notified else {self.step.stream}
        same = [stream for stream in Stream if shared(stream) == shared(self.step.stream) and stream not in mine]
        at = self.step.steps.store.well_at(self.step.request.seller_id, same)
        return at is not None and at - since > A_MOMENT

    def _counts(self, record: str) -> bool:
        return self.remembered and (self.refusals or not refused(self.failing[record]))

    def _note(self, record: str) -> None:
        if not self._counts(record):
            self._pending[record] = self.step.now()
            return
        with self.step.commit() as commit:
            self.step.count(commit)
            reason = _reason(self.failing[record])
            it = commit.record_failed(self.what, record, reason, False, self.step.ebays_now())
        if it.due_at is not None:  # else it is set aside already
            self._pending[record] = it.failed_at

    def _count(self, records: Sequence[str]) -> None:
        self._pending.clear()
        if not (counted := [record for record in records if self._counts(record)]):
            return
        with self.step.commit() as commit:
            self.step.count(commit)
            for record in counted:
                it = commit.record_failed(self.what, record, _reason(self.failing[record]), True, self.step.ebays_now())
                if self.what in (What.PARCELS, What.SINGLE):
                    self.step.reread_at = min(filter(None, (it.due_at, self.step.reread_at)), default=None)


def refused(error: EbayError) -> bool:
    return isinstance(error, RejectedError | NotFoundError)


def books(step: StepRun, what: What) -> SteppingOver:
    """Those of the step, for a reading that is made of several functions."""
    found: SteppingOver = step.books.setdefault(what, SteppingOver(step, what))
    return found


def try_again(step: StepRun, whats: Sequence[str], read: Callable[[SetAsideDue], object]) -> None:
    """What is set aside and due: each is read alone, a few a day. `read` keeps what it reads, with which it is set aside no more."""
    if not step.step.set_aside or step.step.retry_at is None or step.step.retry_at > step.now():
        return
    for one in step.steps.store.aside_due(step.request.seller_id, [str(what) for what in whats], step.now()):
        if step.over():
            return
        try:
            read(one)
        except EbayError as error:
            if not may_be_the_record(error):
                raise
        with step.commit() as commit:
            step.count(commit)
            commit.aside_tried(one.id)


def shared(stream: Stream) -> str:
    """What fails together: the report's calls are Trading's too."""
    return STREAMS[stream].fails_with or STREAMS[stream].resource


def _reason(error: EbayError) -> str:
    return unreadable.reason(error.status, error.codes)
