"""What every step does the same way: begin fenced, count eBay's calls, end in time, note a failure, say when to come back."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.polling import waits
from activities.polling.owners import Owners
from activities.polling.pace import Pace
from activities.polling.poll import Poll, PollResult
from activities.polling.running import STEP_S, StepRun, purpose
from activities.polling.tokens import A_MOMENT, KEYS_DOUBTED_TEXT, KEYS_REFUSED_TEXT, KeysDoubtedError, StoredTokens, TokensSpentError
from activities.quota.breakers import BreakerGate, OutageError
from activities.quota.counting import QuotaWatch
from activities.quota.permits import LIMITS, PermitPool, PermitRefusedError
from domain.pacing import Stream
from domain.seller_state import Wait
from domain.streams import RESOURCES
from ebay.client import Ebay
from ebay.errors import ClientRefusedError, DeadTokenError, EbayError, QuotaSpentError
from ebay.identity import Identity
from runtime.metering.meters import SILENT, Meters
from store import Store, StoreError, SupersededError
from store.schema.errors import RestoredDatabaseError
from store.schema.kinds import AlertKind
from store.steps.commit import SLOW_S

SPENT = "eBay's quota of calls is spent"
HOUSE = Path(__file__).parents[2]
logger = logging.getLogger("sellerbeat.steps")


class UnexpectedError(Exception):
    """A bug: told by its place alone, since its text may hold a buyer. Retried; act: look at that place, and report it."""

    wait: timedelta | None = None  # as `EbayError`
    lasting: bool = False


class StepRunner:
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
        self.permits = PermitPool(store, limits)
        self.owners = Owners(store, identity)
        self.slow_s, self.step_s = SLOW_S, STEP_S
        self.breakers = ebay.tokens.breakers if isinstance(ebay.tokens, StoredTokens) else BreakerGate(store)
        self.breakers.meters = meters

    def run(self, request: Poll, stream: Stream, read: Callable[[StepRun], PollResult], named: str | None = None) -> PollResult:
        """As `attempt`, and counted, by the stream or as `named`."""
        try:
            result = self.attempt(request, stream, read)
        except Exception as error:
            self.meters.failed(named or stream, error)
            raise
        self.meters.polled(named or stream, more=result.more, waiting=result.waiting)
        return result

    def attempt(self, request: Poll, stream: Stream, read: Callable[[StepRun], PollResult]) -> PollResult:
        """Begin a step, let `read` do its work, and turn what may happen into a result or into an error of our own.

        Raises:
            DeadTokenError: the seller must authorize again; not retried. Its detail is the token's generation.
            EbayError: as `ebay/errors.py` says of each; noted in Postgres as a failure of the stream.
            SupersededError: a later step has begun for this seller; retried with a new epoch.
            StoreError: Postgres does not answer; retried.
        """
        step: StepRun | None = None
        try:
            started = activity.info().started_time
            self.breakers.begin(request.seller_id, started, asked=request.asked)
            resource, use = RESOURCES[stream], purpose(request, stream)
            begun = self.store.begin(request.seller_id, stream, self.permits.batch_size(resource, use, started), use)
            if begun.lease:
                self.permits.add(resource, use, begun.lease)
            self.ebay.tokens.belongs(request.seller_id, (begun.enrollment, begun.token_generation), started)
            if begun.dead and self.revived(request.seller_id):
                begun = self.store.begin(request.seller_id, stream)
            step = StepRun(self, request, stream, begun, started)
            if step.step.quota_until and step.step.quota_until > step.now():
                return self.postpone(step, self.quota.spread(request.seller_id, step.step.quota_until))
            return self.watched(step, read)
        except RestoredDatabaseError:
            self.store.restores.settle()  # and the next attempt goes on behind the gap
            raise
        except (EbayError, StoreError, ApplicationError):
            raise
        except Exception as error:
            frame = frame_of(error)
            logger.error("step failed for a reason nobody foresaw", extra={"seller_id": request.seller_id, "place": frame})
            unexpected = UnexpectedError(frame)
            if step:
                self.note(step, unexpected)
            raise unexpected from None

    def revived(self, seller_id: str) -> bool:
        """Whether a dead token works again; it is rarely time to try it, and costs a quiet seller nothing."""
        try:
            return self.ebay.tokens.revived(seller_id)
        except (EbayError, StoreError):
            return False

    def watched(self, step: StepRun, read: Callable[[StepRun], PollResult]) -> PollResult:
        try:
            if step.step.dead:
                raise DeadTokenError("the stored token is dead")
            return self.owners.guarded(step, read)
        except TokensSpentError as spent:  # no quota of calls: eBay is not asked for its count, and nobody else need wait
            until = step.now() + timedelta(seconds=spent.retry_after_s or 0)
            words = "eBay gives no more access tokens for now"
            return self.postpone(step, self.quota.spread(step.request.seller_id, until), words, Wait.TOKENS)
        except OutageError as down:
            row = step.step.breakers.get(down.resource)
            began = row.opened_at if row and row.opened_at else step.now()  # nobody knows whether a seller is quiet meanwhile
            usual = waits.usual(self.pace, step.request, step.stream, step.step, min(began, step.now()))
            until = step.now() + waits.in_outage(usual, down, step.step)
            return self.postpone(step, until, down.words, Wait.OUTAGE)
        except PermitRefusedError as refused:  # our own ledger: eBay was not asked
            until = self.quota.spread(step.request.seller_id, refused.until)
            if refused.spent:
                return self.postpone(step, until)
            return self.postpone(step, until, "the rest of eBay's quota is kept back for people and sweeps", Wait.RESERVE)
        except QuotaSpentError as spent:
            return self.postpone(
                step, self.quota.spent(step.request.seller_id, step.api.latest or RESOURCES[step.stream], spent, step.now())
            )
        except DeadTokenError as error:
            if not self.store.report_dead_token(step.step):
                raise SupersededError("a new token came meanwhile, or a later step has begun") from None
            raise ApplicationError(str(error), step.step.token_generation, type="DeadTokenError", non_retryable=True) from None
        except KeysDoubtedError as doubted:
            self.store.open_alert(AlertKind.KEYS_REFUSED, KEYS_DOUBTED_TEXT)
            why = "eBay refuses the consent, perhaps for the application's keys"
            return self.postpone(step, step.now() + doubted.pause_of(step.request.seller_id), why, Wait.KEYS)
        except ClientRefusedError:  # the application's keys: no seller's fault, and one alert for all
            self.store.open_alert(AlertKind.KEYS_REFUSED, KEYS_REFUSED_TEXT)
            until = self.quota.spread(step.request.seller_id, step.now() + timedelta(seconds=A_MOMENT))
            return self.postpone(step, until, "eBay refuses the application's keys", Wait.KEYS)
        except EbayError as error:
            self.note(step, error)
            raise

    def note(self, step: StepRun, error: EbayError | UnexpectedError) -> None:
        """A failure that concerns this seller alone: how long the stream waits for it goes with the error."""
        usual = waits.usual(self.pace, step.request, step.stream, step.step, step.now())
        common = self.breakers.is_common(RESOURCES[step.stream])

        def wait(failures: int) -> timedelta:
            return waits.alone(failures, usual, step.step.seller_id, step.stream, common=common)

        if step.request.notified:  # the stream's own polls tell how they fare
            failures = step.request.failures + 1
        else:
            failures = self.store.failed(
                step.step,
                f"{type(error).__name__}: {error}",
                calls=step.api.calls - step.counted,
                now=step.now(),
                slow=step.api.slowest_s > self.slow_s,
                wait=wait,
            )
        if failures:  # else a later step has begun, which tells
            error.wait, error.lasting = wait(failures), failures >= waits.ONE_ATTEMPT

    def postpone(self, step: StepRun, until: datetime, what: str = SPENT, waits_for: Wait = Wait.QUOTA) -> PollResult:
        why = f"{what}: waits until {until:%H:%M:%S} UTC"
        with step.commit() as commit:
            step.count(commit)
            commit.postpone(next_poll_at=until, why=why, waits_for=waits_for)
        return step.result(next_due=until, why=why, waiting=True, waits_for=waits_for)


def frame_of(error: Exception) -> str:
    """`KeyError in domain/changes/orders.py:52`: the innermost line of our own house; never the error's text."""
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    ours = [(path.relative_to(HOUSE), line) for path, line in frames if path.is_relative_to(HOUSE) and "site-packages" not in path.parts]
    where = f"{ours[-1][0]}:{ours[-1][1]}" if ours else "a library"
    return f"{type(error).__name__} in {where}"
