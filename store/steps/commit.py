"""A commit: what one transaction of a step keeps. Get one from `Store.commit`."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from domain.changes.model import Document
from domain.changes.moments import Moment
from domain.comparison import Seen
from domain.pacing import Stream
from domain.seller_state import Wait
from store.erasure.forgotten import Forgotten
from store.events import aside, moments
from store.events.events import event_id
from store.schema.kinds import REAUTHORIZED, AlertKind, named
from store.schema.times import iso
from store.steps import absent, modes, scans
from store.steps.accounts import Accounts
from store.steps.closing import (
    ADVANCE_OTHER_STREAM,
    ALERT_SEEN_SINCE,
    CLOSE_COMMIT,
    CLOSE_COMMIT_BESIDE_THE_STREAM,
    CLOSE_QUIET_COMMIT,
    EVENT_EXISTS,
    NOTE_ALERT_SEEN,
    NOTE_POLL_REPLACED,
)
from store.steps.record_commit import RecordCommit
from store.steps.step import StepLease

DEAD_TOKEN = AlertKind.NEEDS_REAUTHORIZATION

CALM = timedelta(minutes=30)  # so long without its cause, an alert that could come and go with every poll is over
MANY_CHANGES = 1_000  # in one poll, a backfill's aside
SLOW_S = 10.0
COUNTS_OF_RUN = ("calls", "changes", "duplicates", "stale", "missed", "undated")


class Totals(NamedTuple):
    """What one commit stored, for metrics."""

    changes: int
    duplicates: int
    missed: int  # found by a sweep, dated: polling should have told them
    undated: int


def slow_words(stream: str) -> str:
    """The alert's text."""
    return f"{stream}: eBay took longer than {SLOW_S:g} s for an answer"


class Commit(RecordCommit):
    """What a step stores, within one transaction: where `Store.commit`'s `with` ends in an error, nothing of it stays."""

    def __init__(self, connection: Connection, step: StepLease, now: datetime, forgotten: Forgotten, accounts: Accounts) -> None:
        """`now`: the clock that paces the polls; it need not be the database's (tests skip time)."""
        super().__init__(connection, step, forgotten, accounts, now)
        self._now = now
        self._calls = self._missed = self._undated = 0
        self._cursor: datetime | None = None
        self._scanned_at: datetime | None = None
        self._moved = self._good = self._slow = self._beside = self._asked = False
        self._checkpoint: Any = None
        self._next_poll_at: datetime | None = None
        self._why: str | None = None
        self._waits_for: Wait | None = None
        self._pace: list[float] | None = None

    # scans of the inventory

    def scan_page(self, scan: int, page: int, ids: Sequence[str], read_at: datetime | None = None) -> None:
        """Remember which entities a page of a scan held. Repeating a page replaces it.

        `read_at`: eBay's clock; else that of what this commit kept before.
        """
        scans.put_page(self._connection, self._step, scan, page, [one for one in ids if aside.usable(one)], read_at or self._read_at)

    def scanned(self, scan: int) -> int:
        """How many distinct entities a scan saw so far."""
        return scans.seen(self._connection, self._step, scan)

    def end_scan(self, scan: int) -> None:
        """The scan was complete: everything it left unchanged was so when it began. Its pages go."""
        self._scanned_at = scans.end(self._connection, self._step, scan)

    # open orders that eBay shows no more

    def absent(
        self, asked: Sequence[str], shown: Collection[str], since: Mapping[str, datetime], before: datetime, read_at: datetime
    ) -> None:
        """Which of the open orders asked for by ids the answer lacks. Where earlier ones lacked an order too, hours apart, it is over.

        An answer that holds none at all is believed to be late, and ends nothing.

        Args:
            since: as `StepStore.absent_since` told before the answer.
            before: an order that was absent then has been so for long enough.
        """
        lacking = set(asked) - set(shown)
        over = {one for one in lacking if one in since and since[one] <= before} if shown else set()
        absent.note(self._connection, self._step, lacking - since.keys(), read_at)
        absent.forget(self._connection, self._step, since.keys() - lacking, over)

    # moments that eBay cannot show

    def unreadable(self, moment: Moment, stream: Stream | None = None) -> None:
        """Set a moment of the stream (of the step's own, where none is named) aside: it is passed over, and tried again."""
        moments.put(self._connection, self._step.seller_id, stream or self._step.stream, moment, self._now)
        self.sync_set_aside_alert()

    def readable(self, moment: Moment, stream: Stream) -> None:
        """eBay shows it after all, or another reading has shown since what it held."""
        if moments.clear(self._connection, self._step.seller_id, stream, moment):
            self.sync_set_aside_alert()

    # how the stream goes on

    def advance(self, *, cursor: datetime | None = None, checkpoint: Any = None) -> None:
        """Move the cursor (never back; None leaves it) and say where the read goes on: any JSON value, None: it is over."""
        self._cursor = cursor if self._cursor is None or (cursor is not None and cursor > self._cursor) else self._cursor
        self._checkpoint, self._moved = checkpoint, True

    def advance_other(self, stream: Stream, cursor: datetime) -> None:
        """Another stream's cursor, never back: what this step read counts for it too."""
        values = {"seller_id": self._step.seller_id, "stream": stream.value, "cursor": cursor}
        self._connection.execute(ADVANCE_OTHER_STREAM, values)

    def stand_in(self, planned: datetime | None) -> None:
        """This poll of the listings came before its time, which was `planned`, in place of the one that was due then."""
        self._connection.execute(
            NOTE_POLL_REPLACED, {"seller_id": self._step.seller_id, "stream": self._step.stream.value, "planned": planned}
        )

    def complete(self, *, next_poll_at: datetime | None, why: str, pace: list[float] | None = None) -> None:
        """The poll is over and went well. Alerts that told of its troubles close.

        Args:
            next_poll_at: None: there is to be none.
            pace: what polls have shown so far; None leaves it.
        """
        self._pace = pace
        self._next_poll_at, self._why, self._good = next_poll_at, why, True
        self.close_alert(AlertKind.FAILING, self._step.stream.value)
        self.close_alert(AlertKind.LATE, self._step.stream.value)
        if not self._step.dead and self._alerts & {DEAD_TOKEN, AlertKind.WRONG_ACCOUNT}:
            self.seller_event(REAUTHORIZED, self._step.token_generation)
            self.close_alert(DEAD_TOKEN)
            self.close_alert(AlertKind.WRONG_ACCOUNT)
        if self._step.stream is Stream.ORDERS:
            self.sync_twin_alert()

    def postpone(self, *, next_poll_at: datetime, why: str, waits_for: Wait | None = None) -> None:
        """The poll waits, which is neither a success nor a failure: for quota, or for what is not there yet."""
        self._next_poll_at, self._why, self._waits_for = next_poll_at, why, waits_for

    def count(self, *, calls: int = 0) -> None:
        """API calls made since this step's last commit."""
        self._calls += calls

    def beside(self) -> None:
        """What is kept was told of by notifications: it says nothing about the stream's cursor, and its next poll stays."""
        self._beside, self._source = True, "notification"

    def asked(self) -> None:
        """Somebody asked for this poll: it is told of though it found nothing."""
        self._asked = True

    def slow(self) -> None:
        """An answer of eBay's took long enough for an alert."""
        self._slow = True

    def missed(self, missed: int, undated: int) -> None:
        """What a sweep found that polling had missed, and what moved no date."""
        self._missed += missed
        self._undated += undated

    def note_notified_at(self, when: Iterable[tuple[str, datetime | None]]) -> None:
        """When the notifications came that this commit obeys, by entity: the first one of an entity counts."""
        for entity_id, at in when:
            if at is not None:
                self.first_seen.notified_at[entity_id] = min(at, self.first_seen.notified_at.get(entity_id, at))

    def announced(self) -> int:
        """How many of the versions that this commit read the other side had told: to a poll, what notifications told since the last one."""
        self.first_seen.write(self._connection)
        return self.first_seen.found

    def unnotified(self, since: datetime) -> list[Seen]:
        """Orders' versions first seen by polling since then, that no notification has told, as this commit leaves them."""
        self.announced()
        return modes.unnotified(self._connection, self._step.seller_id, since)

    def back_to_shadow(self, kind: AlertKind, text: str) -> None:
        """Notifications are not relied on any more. A poll in webhooks finds that."""
        if modes.back_to_shadow(self._connection, self._step.seller_id):
            self.open_alert(kind, text)

    def seller_event(self, type: str, generation: int) -> None:  # noqa: A002 - as the contract calls it
        """Tell that the seller must authorize again, or did: once for each generation of the token."""
        seller_id = self._step.seller_id
        id_ = event_id(self._step.enrollment, seller_id, generation, type)
        if id_ in self._events.columns["ids"] or self._connection.execute(EVENT_EXISTS, {"id": id_}).scalar():
            return
        data: Document = {"seller_id": seller_id, "generation": generation}
        self._events.add(type, seller_id, generation, self._now, "poll", json.dumps(data))

    def close(self) -> None:
        """The end of the transaction, called by `Store.commit`. The events come last of all."""
        step = self._step
        self.learn_account()
        counts = self._counted() + step.counts.waiting
        closing = CLOSE_COMMIT if self.worth_a_row else CLOSE_QUIET_COMMIT
        closed = self._connection.execute(
            CLOSE_COMMIT_BESIDE_THE_STREAM if self._beside else closing,
            {
                "seller_id": step.seller_id,
                "epoch": step.epoch,
                "stream": step.stream.value,
                "source": self._source,
                "started": step.now,
                "now": self._now,
                "calls": self._calls,
                "changes": self._changes,
                "polls": int(self._good),
                "last_changes": step.counts.changes + self._changes,
                **{f"run_{name}": counts[name] for name in COUNTS_OF_RUN},
                "cursor": self._cursor,
                "watermark": self._watermark,
                "moved": self._moved,
                "reading": json.dumps(self._checkpoint, default=iso) if self._checkpoint is not None else None,
                "good": self._good,
                "next_poll_at": self._next_poll_at,
                "why": self._why,
                "waits_for": self._waits_for,
                "scanned_at": self._scanned_at,
                "pace": self._pace,
                "recorded": self._recorded,
                "slow": self._slow,
            },
        )
        if not self._beside and (poll := closed.one_or_none()) is not None:
            self._evaluate(poll.run_changes, poll.run_slow)
        self.emit()

    @property
    def worth_a_row(self) -> bool:
        """Whether people may look for this poll: it found something, looked for what others missed, or was asked for."""
        found = self._changes or self._stale or self._missed or self._undated
        return bool(found or self._asked or self._beside or self._step.counts.has_row)

    def _counted(self) -> Counter[str]:
        own = self._calls, self._changes, self._duplicates, self._stale, self._missed, self._undated
        return Counter(dict(zip(COUNTS_OF_RUN, own, strict=True)))

    def committed(self) -> None:
        """The transaction is over, and went well."""
        self._step.counts.add(self._changes, self._counted(), self.worth_a_row)

    def _evaluate(self, changes: int, slow: bool) -> None:
        """Alerts of what the poll showed so far; they close when later ones end without it, for half an hour."""
        stream = self._step.stream.value
        if changes > MANY_CHANGES:
            words = f"{stream}: more than {MANY_CHANGES:,} changes in one poll: a busy day, a mass edit, or a fault"
            self.seen(AlertKind.MANY_CHANGES, words, stream)
        elif self._good:
            self.calm(AlertKind.MANY_CHANGES, stream)
        if slow:
            self.seen(AlertKind.SLOW_ANSWER, slow_words(stream), stream)
        elif self._good:
            self.calm(AlertKind.SLOW_ANSWER, stream)

    def seen(self, kind: AlertKind, text: str, about: str) -> None:
        """Open an alert at once, or keep it open for a while from now on."""
        self.open_alert(kind, text, about)
        self._connection.execute(NOTE_ALERT_SEEN, {"seller_id": self._step.seller_id, "kind": named(kind, about), "now": self._now})

    def calm(self, kind: AlertKind, about: str) -> None:
        """Close an alert whose cause was not seen for a while. Costs nothing where none was open when the step began."""
        if (alert_kind := named(kind, about)) in self._alerts:
            values = {"seller_id": self._step.seller_id, "kind": alert_kind, "since": self._now - CALM}
            if not self._connection.execute(ALERT_SEEN_SINCE, values).scalar():
                self.close_alert(kind, about)

    def totals(self) -> Totals:
        """What this commit keeps."""
        return Totals(self._changes, self._duplicates, self._missed, self._undated)

    def emit(self) -> None:
        """Write the events: the transaction's last act."""
        self.announced()
        self._events.emit(self._connection, self._step.seller_id, self.first_seen.values())
