"""What every step does the same way: begin fenced, count eBay's calls, end in time, note a failure, say when to come back."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import safety_net
from activities.owners import Owners
from activities.pace import Pace, Shown, pace_of
from activities.permits import LIMITS, PermitRefusedError, Permits
from activities.poll import Poll, PollResult
from activities.quota import QuotaWatch
from activities.sooner import brought_forward, replaced
from activities.tokens import A_MOMENT, KEYS_DOUBTED_TEXT, KEYS_REFUSED_TEXT, KeysDoubtedError, TokensSpentError
from changes import unreadable
from ebay.client import Ebay, OrderPage
from ebay.errors import ClientRefusedError, DeadTokenError, EbayError, QuotaSpentError
from ebay.identity import Identity
from ebay.windows import Span
from metering.meters import SILENT, Meters
from pacing import Stream
from store import Commit, Kept, Step, Store, StoreError, SupersededError
from store.commit import SLOW_S
from store.kinds import AlertKind
from store.permits import Purpose
from store.sales import ListingsDue
from store.step import RESOURCES

SPENT = "eBay's quota of calls is spent"
STEP_S = 2.0  # a step ends after the call in hand once it took this long, so that no stream waits long for another
ASIDE = {  # what of a seller's set-aside records a stream tells of, beside how it does: labels of `store.aside`
    Stream.ORDERS: ("order", "window:orders"),
    Stream.FULFILLMENT: ("fulfillment", "order"),
    Stream.INVENTORY: ("inventory", "window:inventory"),
    Stream.LISTINGS: ("listing", "window:listings"),
    Stream.REPORT: ("listing", "page"),
    Stream.OFFERS: ("offer",),
}
HOUSE = Path(__file__).parent.parent
logger = logging.getLogger("sellerbeat.steps")


class UnexpectedError(Exception):
    """A bug: told by its place alone, since its text may hold a buyer. Retried; act: look at that place, and report it."""


class RunningStep:
    """One step of one seller while it runs."""

    def __init__(self, steps: Steps, request: Poll, stream: Stream, step: Step, now: datetime) -> None:
        self.steps, self.request, self.stream, self.step = steps, request, stream, step
        self.api = steps.ebay.seller(request.seller_id)
        self.api.permit = self.permit
        self.api.ours = self.now
        self.began = time.monotonic()
        self.began_at = now
        self.changes = self.duplicates = self.counted = self.announced = 0
        self.delays: list[float] = []  # of the commit in hand
        self.rest: PollResult | None = None
        self.skus_moved = False  # by orders that this step kept
        self.listings_due: ListingsDue | None = None  # the same
        self.books: dict[str, Any] = {}  # of records that eBay fails for: `stepping_over.books`
        self.aside_moved = False  # something was set aside by this step, or left it
        self.reread_at: datetime | None = None  # our clock: when the first order is to be read again whose answer was not the last word

    def now(self) -> datetime:
        """Temporal's clock, which decides when timers fire, carried on by this machine's."""
        return self.began_at + timedelta(seconds=time.monotonic() - self.began)

    def ebays_now(self) -> datetime:
        """The same by eBay's clock, as far as several of its answers agree: ours may be some minutes off."""
        return self.steps.ebay.times.now(self.now())

    def permit(self, resource: str) -> None:
        at = self.step.now + timedelta(seconds=time.monotonic() - self.began)  # the call's own time: a step may run into eBay's next day
        self.steps.permits.take(resource, purpose(self.request, self.stream), at)

    def over(self) -> bool:
        return time.monotonic() - self.began > STEP_S or (self.request.until is not None and self.now() >= self.request.until)

    def fetch(self, span: Span, offset: int) -> OrderPage:
        """getOrders for one window, as `ebay/windows.py` asks for it."""
        return self.api.orders(span.filter, offset)

    def read_at(self) -> datetime:
        """eBay's clock at the latest answer."""
        return self.api.date or self.ebays_now()

    def sure_at(self) -> datetime:
        """Not after eBay's clock at the latest answer, whichever clock is wrong: how far a cursor may move."""
        return self.api.sure or self.ebays_now()

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """As `Store.commit`. What it kept is counted once it is kept."""
        self.delays.clear()
        with self.steps.store.commit(self.step, now=self.now()) as commit:
            if self.request.hinted:
                commit.beside()
            elif self.api.slowest_s > self.steps.slow_s:
                commit.slow()
            yield commit
        self.announced += commit.sightings.found
        self.aside_moved = self.aside_moved or commit.aside_moved
        self.steps.meters.kept(self.stream, commit.totals(), self.delays)

    def count(self, commit: Commit, *kept: Kept) -> None:
        """Add what was kept and the calls made since the last commit to the poll's record."""
        for one in kept:
            self.changes += one.changes
            self.duplicates += one.duplicates
            self.reread_at = min(filter(None, (one.reread_at, self.reread_at)), default=None)
            self.skus_moved = self.skus_moved or one.stock_due > 0
            self.listings_due = one.listings_due.sooner(self.listings_due) if one.listings_due else self.listings_due
            if self.stream is Stream.ORDERS:
                self.delays += delays(one, self.step.enrolled_at, self.read_at())
        commit.count(calls=self.api.calls - self.counted)
        self.counted = self.api.calls

    def more(self, why: str = "more to read") -> PollResult:
        return self.result(next_due=self.now(), why=why, more=True)

    def finish(self, commit: Commit, due: tuple[Stream, ...] = ()) -> None:
        """The poll went well: decide the next one, in the same transaction."""
        now = self.now()
        options = self.step.options.get("cadence", {}).get(self.stream)
        step = self.step  # a read that took several steps is one poll
        told = self.announced + commit.announced()  # by notifications, since the last poll: orders too, that this one would have found
        last_change = now if self.changes else step.last_change_at
        changes, calls = self.changes + step.run_changes + told, self.api.calls + step.run_calls
        share = safety_net.share(commit, step, pace_of(step.pace, last_change))
        shown = Shown(changes, calls, last_change, step.pace, step.sales_30d, step.epoch, share)
        following = self.steps.pace.after(
            self.step.seller_id,
            self.stream,
            self.request,
            shown,
            now=now,
            enrolled_cadence=timedelta(seconds=options) if options else None,
        )
        at, why = following.at, self.with_aside(commit, following.why)
        if self.stream is Stream.LISTINGS and self.request.announced:
            at = replaced(step.next_poll_at, at, now)
            if at != following.at:
                commit.stand_in(step.next_poll_at)
        commit.finish(next_poll_at=at, why=why, pace=following.pace)
        self.rest = self.result(next_due=at, why=why, due=due, tier=following.tier)

    def with_aside(self, commit: Commit, why: str) -> str:
        """The stream is well, and says what it goes on without."""
        counts = commit.aside_counts() if self.aside_moved or commit.aside_moved else self.step.set_aside
        told = unreadable.words(counts, ASIDE.get(self.stream, ()))
        return f"{why}; {told}" if told else why

    def finish_at(self, commit: Commit, at: datetime, why: str, rounds: tuple[Stream, ...] = ()) -> PollResult:
        """The same for a stream that keeps a fixed interval."""
        why = self.with_aside(commit, why)
        commit.finish(next_poll_at=at, why=why)
        return self.result(next_due=at, why=why, rounds=rounds)

    def pause(self, commit: Commit, at: datetime, why: str) -> PollResult:
        """The read goes on then: what it needs is not there yet. Neither a success nor a failure."""
        commit.defer(next_poll_at=at, why=why)
        return self.result(next_due=at, why=why)

    def result(
        self,
        *,
        next_due: datetime,
        why: str,
        more: bool = False,
        done: bool = False,
        waiting: bool = False,
        quota: bool = True,
        tier: str | None = None,
        due: tuple[Stream, ...] = (),
        rounds: tuple[Stream, ...] = (),
    ) -> PollResult:
        moved = (*due, Stream.INVENTORY) if self.skus_moved and self.stream is not Stream.INVENTORY else due
        later = self.bring_forward()
        if later is not None and later <= self.now():
            moved, later = (*moved, Stream.LISTINGS), None
        return PollResult(
            changes=self.changes,
            duplicates=self.duplicates,
            api_calls=self.api.calls,
            next_due=next_due,
            why=why,
            more=more,
            done=done,
            waiting=waiting,
            quota=quota,
            tier=tier,
            due=tuple(dict.fromkeys(moved)),
            due_at={stream: at for stream, at in ((Stream.LISTINGS, later), (Stream.FULFILLMENT, self.reread_at)) if at},
            rounds=rounds,
        )

    def bring_forward(self) -> datetime | None:
        """When the listings that orders moved are to be read; None: none are."""
        if self.listings_due is None:
            return None
        now = self.now()
        clock = self.steps.ebay.times.now(now) - now
        return brought_forward(self.listings_due, now, clock, self.steps.pace.is_roomy(Stream.LISTINGS))


class Steps:
    def __init__(
        self,
        store: Store,
        ebay: Ebay,
        pace: Pace,
        quota: QuotaWatch,
        limits: Mapping[str, int] = LIMITS,
        meters: Meters = SILENT,
        identity: Identity | None = None,
    ) -> None:
        """`limits`: calls a day by resource, until eBay tells its own. `identity`: None where whose a token is is not asked there."""
        self.store, self.ebay, self.pace, self.quota, self.meters = store, ebay, pace, quota, meters
        self.permits = Permits(store, limits)
        self.owners = Owners(store, identity)
        self.slow_s = SLOW_S

    def run(self, request: Poll, stream: Stream, read: Callable[[RunningStep], PollResult], named: str | None = None) -> PollResult:
        """As `attempt`, and counted, by the stream or as `named`."""
        try:
            result = self.attempt(request, stream, read)
        except Exception as error:
            self.meters.failed(named or stream, error)
            raise
        self.meters.polled(named or stream, more=result.more, waiting=result.waiting)
        return result

    def attempt(self, request: Poll, stream: Stream, read: Callable[[RunningStep], PollResult]) -> PollResult:
        """Begin a step, let `read` do its work, and turn what may happen into a result or into an error of our own.

        Raises:
            DeadTokenError: the seller must authorize again; not retried. Its detail is the token's generation.
            EbayError: as `ebay/errors.py` says of each; noted in Postgres as a failure of the stream.
            SupersededError: a later step has begun for this seller; retried with a new epoch.
            StoreError: Postgres does not answer; retried.
        """
        try:
            started = activity.info().started_time
            resource, use = RESOURCES[stream], purpose(request, stream)
            begun = self.store.begin(request.seller_id, stream, self.permits.wanted(resource, use, started), use)
            if begun.lease:
                self.permits.add(resource, use, begun.lease)
            self.ebay.tokens.belongs(request.seller_id, (begun.enrollment, begun.token_generation), started)
            if begun.dead and self.revived(request.seller_id):
                begun = self.store.begin(request.seller_id, stream)
            step = RunningStep(self, request, stream, begun, started)
            if step.step.quota_until and step.step.quota_until > step.now():
                return self.wait(step, self.quota.spread(request.seller_id, step.step.quota_until))
            return self.watched(step, read)
        except (EbayError, StoreError, ApplicationError):
            raise
        except Exception as error:
            place = _place(error)
            logger.error("step failed for a reason nobody foresaw", extra={"seller_id": request.seller_id, "place": place})
            raise UnexpectedError(place) from None

    def revived(self, seller_id: str) -> bool:
        """Whether a dead token works again; it is rarely time to try it, and costs a quiet seller nothing."""
        try:
            return self.ebay.tokens.revived(seller_id)
        except (EbayError, StoreError):
            return False

    def watched(self, step: RunningStep, read: Callable[[RunningStep], PollResult]) -> PollResult:
        try:
            if step.step.dead:
                raise DeadTokenError("the stored token is dead")
            return self.owners.guarded(step, read)
        except TokensSpentError as spent:  # no quota of calls: eBay is not asked for its count, and nobody else need wait
            until = step.now() + timedelta(seconds=spent.retry_after_s or 0)
            return self.wait(step, self.quota.spread(step.request.seller_id, until), "eBay gives no more access tokens for now")
        except PermitRefusedError as refused:  # our own ledger: eBay was not asked
            until = self.quota.spread(step.request.seller_id, refused.until)
            return self.wait(step, until, SPENT if refused.spent else "the rest of eBay's quota is kept back for people and sweeps")
        except QuotaSpentError as spent:
            return self.wait(step, self.quota.spent(step.request.seller_id, step.api.latest or RESOURCES[step.stream], spent, step.now()))
        except DeadTokenError as error:
            if not self.store.tell_dead(step.step):
                raise SupersededError("a new token came meanwhile, or a later step has begun") from None
            raise ApplicationError(str(error), step.step.token_generation, type="DeadTokenError", non_retryable=True) from None
        except KeysDoubtedError as doubted:
            self.store.open_alert(AlertKind.KEYS_REFUSED, KEYS_DOUBTED_TEXT)
            why = "eBay refuses the consent, perhaps for the application's keys"
            return self.wait(step, step.now() + doubted.wait(step.request.seller_id), why, quota=False)
        except ClientRefusedError:  # the application's keys: no seller's fault, and one alert for all
            self.store.open_alert(AlertKind.KEYS_REFUSED, KEYS_REFUSED_TEXT)
            until = self.quota.spread(step.request.seller_id, step.now() + timedelta(seconds=A_MOMENT))
            return self.wait(step, until, "eBay refuses the application's keys", quota=False)
        except EbayError as error:
            if step.request.hinted:  # the stream's own polls tell how they fare
                raise
            self.store.failed(
                step.step,
                f"{type(error).__name__}: {error}",
                calls=step.api.calls - step.counted,
                now=step.now(),
                slow=step.api.slowest_s > self.slow_s,
            )
            raise

    def wait(self, step: RunningStep, until: datetime, what: str = SPENT, quota: bool = True) -> PollResult:
        why = f"{what}: waits until {until:%H:%M:%S} UTC"
        with step.commit() as commit:
            step.count(commit)
            commit.defer(next_poll_at=until, why=why)
        return step.result(next_due=until, why=why, waiting=True, quota=quota)


def delays(kept: Kept, enrolled_at: datetime, read_at: datetime) -> list[float]:
    """How long after eBay's date each changed order was seen, in seconds; those of the time before the enrolment aside."""
    dated = [modified for modified, known in kept.dated.values() if modified and modified != known and modified >= enrolled_at]
    return [max((read_at - modified).total_seconds(), 0.0) for modified in dated]


def purpose(request: Poll, stream: Stream) -> Purpose:
    if (
        request.asked or request.hinted or stream in (Stream.SWEEP, Stream.REPORT)
    ):  # people wait for it, or it looks for what polling missed
        return Purpose.URGENT
    return Purpose.PAST if stream in (Stream.BACKFILL, Stream.OFFERS) else Purpose.POLL


def _place(error: Exception) -> str:
    """`KeyError in changes/orders.py:52`: the innermost line of our own house; never the error's text."""
    places = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [(path.relative_to(HOUSE), line) for path, line in places if path.is_relative_to(HOUSE) and "site-packages" not in path.parts]
    where = f"{ours[-1][0]}:{ours[-1][1]}" if ours else "a library"
    return f"{type(error).__name__} in {where}"
