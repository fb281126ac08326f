"""Whether eBay may be called: this process's memory of what failed, and the breakers of the whole fleet behind it.

Successes of a quiet day write nothing. A process that sees nothing but failures doubts, tells it in Postgres, and lets few calls through;
once a minute of them failed, and no other process had a success, the breaker opens for all. Where others had one, this process is ill.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.pacing.outage import FEW_CALLS, PROBE, SELLERS, TOKENS, Mixture, Streak, backoff, trial_every
from ebay.errors import EbayError, EbayUnavailableError
from ebay.http import utc_now
from ebay.verdict import failure, is_answer, is_connected
from runtime.metering import metrics
from runtime.metering.meters import SILENT, Meters
from store import Store
from store.quota.breakers import Breaker

AGAIN = timedelta(seconds=10)  # so often a process notes a success, while somebody doubts
A_FEW, TOKENS_LONGEST = 6, timedelta(hours=2.5)  # failed refreshes of a seller, then waits of their own: ten a day
COUNTED = timedelta(seconds=60)  # so long the number of sellers is believed
logger = logging.getLogger("sellerbeat.outage")


class OutageError(EbayError):
    """eBay is down for everybody, or seems so: no call is made, or the one that was made failed. Nobody's failure, and not retried.

    Attributes:
        every: as `domain.pacing.outage.probe_every`.
        sellers: who wait for the same.
        doubt: the breaker is not open yet.
    """

    outage = True

    def __init__(self, resource: str, reason: str, every: timedelta, sellers: int, *, doubt: bool, narrower: bool = False) -> None:
        super().__init__(reason, narrower=narrower and sellers < SELLERS)  # of several, others tell whether it is what this one asks for
        self.resource, self.reason, self.every, self.sellers, self.doubt = resource, reason, every, sellers, doubt

    @property
    def words(self) -> str:
        """How `why` begins."""
        if self.reason.startswith("cannot"):
            return self.reason
        return f"eBay seems to be down ({self.reason})" if self.doubt else f"eBay is down ({self.reason})"


@dataclass(slots=True)
class Memory:
    """Of one resource, in this process."""

    streak: Streak | None = None
    doubts: bool = False
    refuted: bool = False  # others have successes where this process has none
    reason: str = ""
    tried_at: datetime | None = None  # a call of a process in doubt
    success_noted_at: datetime | None = None  # when this process last noted a success, for others who doubt
    every: timedelta = PROBE
    sellers: int = 1
    counted_at: datetime | None = None
    mixture: Mixture = field(default_factory=Mixture)

    def clear(self) -> None:
        self.streak, self.doubts, self.refuted, self.tried_at = None, False, False, None


class Clock:
    """Temporal's, as the latest step heard it, carried on by this machine's: one clock for all workers."""

    def __init__(self) -> None:
        self._heard: tuple[datetime, float] | None = None

    def hear(self, now: datetime) -> None:
        self._heard = now, time.monotonic()

    def now(self) -> datetime:
        if self._heard is None:  # no step ran here: a command line
            return utc_now()
        at, monotonic = self._heard
        return at + timedelta(seconds=time.monotonic() - monotonic)


@dataclass
class BreakerGate:
    """Shared by all threads of a process."""

    store: Store
    meters: Meters = SILENT
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.memory: dict[str, Memory] = {}
        self.good_at: datetime | None = None  # the latest success, with any resource
        self.ill = ""  # a resource that failed here and not elsewhere, while nothing else succeeded here
        self.refreshes: dict[str, tuple[int, datetime]] = {}  # by seller: failed ones in a row, and when the last one was

    def begin(self, seller_id: str, now: datetime, *, asked: bool) -> None:
        """A step begins, by Temporal's clock. Where people asked for it, it may try what failed for the seller."""
        self.clock.hear(now)
        if asked:
            self.refreshes.pop(seller_id, None)

    def of(self, resource: str) -> Memory:
        return self.memory.setdefault(resource, Memory())

    def is_ill(self) -> bool:
        """Whether this process fails where others do not: it should take no steps, but for one now and then."""
        return bool(self.ill)

    def is_common(self, resource: str) -> bool:
        """Whether many sellers fail and succeed by turns: then nobody's failures are their own."""
        with self.lock:
            return self.of(resource).mixture.is_common()

    def gate(self, resource: str, rows: MutableMapping[str, Breaker]) -> bool:
        """Before a call. True: it asks for all whether eBay is back.

        Args:
            rows: of the breakers, as the step's beginning read them.
        Raises:
            OutageError: the call may not be made.
        """
        now, row = self.clock.now(), rows.get(resource)
        with self.lock:
            memory = self.of(resource)
            if row and row.closed_at and memory.streak and memory.streak.latest <= row.closed_at:
                memory.clear()  # another process found eBay back
                self.recover()
        if row and row.is_open:
            if row.is_due(now) and self.store.breakers.claim(resource, now):
                return True
            raise outage(row)
        with self.lock:
            if memory.doubts:
                wait = memory.every if memory.refuted else trial_every(memory.every)
                if memory.tried_at and now < memory.tried_at + wait:
                    raise OutageError(resource, memory.reason, memory.every, memory.sellers, doubt=True)
                memory.tried_at = now
        return False

    def on_answer(self, resource: str, seller_id: str, error: EbayError | None, rows: MutableMapping[str, Breaker]) -> EbayError | None:
        """After a call: what is to be raised, the error itself where it concerns this seller alone."""
        now, row = self.clock.now(), rows.get(resource)
        words, answered = failure(error), is_answer(error)
        if words is not None or answered:
            with self.lock:
                self.of(resource).mixture.add(seller_id, words is not None)
        if words is None:
            if answered:
                self.answered(resource, rows, now)
            return error
        if row and row.is_open:
            if words != row.reason:
                self.store.breakers.reword(resource, words)
            return outage(replace(row, reason=words), narrower=error is not None and error.narrower)
        if not self.failed(resource, seller_id, words, now, connected=is_connected(error)):
            return error
        return self.doubt(resource, words, rows, now, narrower=error is not None and error.narrower)

    def answered(self, resource: str, rows: MutableMapping[str, Breaker], now: datetime) -> None:
        row = rows.get(resource)
        with self.lock:
            memory = self.of(resource)
            doubted = memory.doubts
            memory.clear()
            self.recover()
            asked = any(one.is_doubted(now) for one in rows.values())
            note_success = doubted or (asked and (memory.success_noted_at is None or now - memory.success_noted_at >= AGAIN))
            self.good_at = now
            if note_success:
                memory.success_noted_at = now
        if row and row.is_open:
            if self.store.breakers.close(resource, now):
                logger.info("eBay is back", extra={"resource": resource})
            rows[resource] = replace(row, opened_at=None, closed_at=now)
        elif note_success:
            self.store.breakers.good(resource, now)

    def failed(self, resource: str, seller_id: str, words: str, now: datetime, *, connected: bool) -> bool:
        """Remember it. Whether it may be an outage."""
        with self.lock:
            memory = self.of(resource)
            memory.streak, memory.reason = memory.streak or Streak(now, now), words
            memory.streak.add(seller_id, now, connected=connected)
            if not memory.streak.is_doubt(SELLERS, now) and memory.streak.calls < FEW_CALLS:
                return False
            known = memory.counted_at is not None and now - memory.counted_at < COUNTED
        if not known:
            sellers = self.store.breakers.users(resource)
            with self.lock:
                memory.sellers, memory.counted_at = max(sellers, 1), now
        with self.lock:
            streak = memory.streak or Streak(now, now)  # a success came meanwhile
            memory.doubts = streak.is_doubt(memory.sellers, now)
        if not memory.doubts and streak.is_worth_saying(memory.sellers, now):
            self.store.breakers.doubt(resource, streak.began, now, memory.sellers, words)
        return memory.doubts

    def doubt(self, resource: str, words: str, rows: MutableMapping[str, Breaker], now: datetime, *, narrower: bool) -> EbayError:
        with self.lock:
            memory = self.of(resource)
            sellers, streak = memory.sellers, memory.streak
            since, proof = (streak.began, streak.is_proof(now)) if streak else (now, False)
            memory.tried_at = now
            nowhere = self.good_at is None or self.good_at < since
        row = rows[resource] = self.store.breakers.doubt(resource, since, now, sellers, words)
        if proof and not row.is_open:
            if self.store.breakers.trip(resource, since, now, words, anywhere=nowhere):
                logger.warning("eBay is down", extra={"resource": resource, "reason": words})
                row = rows[resource] = replace(row, opened_at=now, since=since, reason=words)
            else:
                row = rows[resource] = self.store.breakers.all().get(resource, row)
        if proof and not row.is_open:
            self.refuted(resource, words, ill=nowhere)
        with self.lock:
            memory.every = row.every
        if row.is_open:
            return outage(row, narrower=narrower)
        return OutageError(resource, words, row.every, sellers, doubt=True, narrower=narrower)

    def refuted(self, resource: str, words: str, *, ill: bool) -> None:
        """Others have successes where this process has none: it makes few calls, and where it has none at all takes no steps."""
        with self.lock:
            self.of(resource).refuted = True
            before = self.ill
            if ill:
                self.ill = self.ill or resource
        if ill and not before:
            logger.warning(
                "this worker fails where others do not: it takes no steps for now", extra={"resource": resource, "reason": words}
            )
            self.meters.set(metrics.ILL, 1, resource)

    def recover(self) -> None:
        """Anything that succeeds here shows that this process is well."""
        if self.ill:
            logger.info("this worker reaches eBay again", extra={"resource": self.ill})
            self.meters.set(metrics.ILL, 0, self.ill)
            self.ill = ""

    @contextmanager
    def tokens(self, seller_id: str) -> Iterator[TokenGate]:
        """Around the use of the token endpoint: ask the gate right before the request.

        To be entered before the token's row is locked, and left after: what is written here is another transaction's.
        """
        rows = self.store.breakers.all()
        row = rows.get(TOKENS)
        probe = bool(row and row.is_open and row.is_due(self.clock.now()) and self.store.breakers.claim(TOKENS, self.clock.now()))
        gate = TokenGate(self, seller_id, rows, probe)
        try:
            yield gate
        except EbayError as error:
            if gate.asked:
                instead = self.on_answer(TOKENS, seller_id, error, rows)
                if instead is not None and instead is not error:
                    raise instead from None
                if failure(error):
                    self.refreshes[seller_id] = self.refreshes.get(seller_id, (0, None))[0] + 1, self.clock.now()
            raise
        else:
            if gate.asked:
                self.refreshes.pop(seller_id, None)
                self.answered(TOKENS, rows, self.clock.now())
        finally:
            if probe and not gate.asked:
                self.store.breakers.unclaim(TOKENS, self.clock.now())


@dataclass(slots=True)
class TokenGate:
    breakers: BreakerGate
    seller_id: str
    rows: MutableMapping[str, Breaker]
    probe: bool
    asked: bool = False

    def __call__(self) -> None:
        """Raises OutageError: the endpoint is down, and may not be asked. EbayUnavailableError: not for this seller yet."""
        failed, at = self.breakers.refreshes.get(self.seller_id, (0, None))
        if at and failed > A_FEW and self.breakers.clock.now() < at + min(backoff(failed), TOKENS_LONGEST):
            raise EbayUnavailableError("eBay gave no access token a while ago, and is not asked again yet")
        row = self.rows.get(TOKENS)
        if not self.probe:
            if row and row.is_open:
                raise outage(row)
            self.breakers.gate(TOKENS, self.rows)
        self.asked = True


def outage(row: Breaker, *, narrower: bool = False) -> OutageError:
    return OutageError(row.resource, row.reason, row.every, row.sellers, doubt=False, narrower=narrower)
