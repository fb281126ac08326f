"""Permits for calls to eBay, as this process holds them: leased by tens from the ledger, spent one by one, never given back."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.pacing.reserve import LEASE, SINGLY
from domain.streams import Purpose
from ebay.errors import QuotaSpentError
from store import Store
from store.quota.permits import SHARES, Lease

LIMITS = {"orders": 100_000, "inventory": 2_000_000, "trading": 5_000, "feed": 100_000}  # eBay's defaults
LATER = timedelta(seconds=60)  # while only the reserve is left: it is freed as the day goes by


class PermitRefusedError(QuotaSpentError):
    """Our own ledger has no call left for this; eBay was not asked. Not retried: the stream waits until `until`."""

    def __init__(self, resource: str, until: datetime, spent: bool) -> None:
        super().__init__(f"no calls of {resource} left" if spent else f"the rest of today's calls of {resource} is kept back")
        self.resource, self.until, self.spent = resource, until, spent


@dataclass(slots=True)
class _Held:
    permits: int = 0
    left: int = SINGLY  # in the ledger, when it was last asked
    reset_at: datetime | None = None


class PermitPool:
    """Shared by all threads. A backfill's are held apart from those of polls, as more has to be left to others."""

    def __init__(self, store: Store, limits: Mapping[str, int] = LIMITS) -> None:
        """`limits`: calls a day by resource, until eBay tells its own."""
        shares = {part: max(1, int(limits[whole] * share)) for part, (whole, share) in SHARES.items() if whole in limits}
        self.store, self.limits = store, {**limits, **shares}
        store.permits.ensure(self.limits)
        self.lock = threading.Lock()
        self.held: dict[tuple[str, bool], _Held] = {}

    def batch_size(self, resource: str, purpose: Purpose, now: datetime) -> int:
        """How many to ask for: none while some are held, else tens, or one where few are left. `now`: the database's clock."""
        with self.lock:
            held = self._held(resource, purpose, now)
            return 0 if held.permits else 1 if held.left < SINGLY else LEASE

    def add(self, resource: str, purpose: Purpose, lease: Lease) -> None:
        with self.lock:
            key = resource, purpose is Purpose.BACKFILL
            held = self.held.setdefault(key, _Held())
            if held.reset_at is not None and held.reset_at > lease.reset_at:
                return  # it was taken before midnight, and came after another one of the new day
            if held.reset_at is not None and held.reset_at < lease.reset_at:
                held = self.held[key] = _Held()
            held.permits += lease.permits
            held.left, held.reset_at = lease.left, lease.reset_at

    def take(self, resource: str, purpose: Purpose, now: datetime) -> None:
        """One permit, for one call; from the ledger where none is held.

        Raises:
            PermitRefusedError: there is none for this purpose.
        """
        while not self._spend(resource, purpose, now):
            batch_size = self.batch_size(resource, purpose, now) or 1
            lease = self.store.permits.lease(resource, batch_size, purpose) or self.store.permits.lease(resource, 1, purpose)
            if lease is None:
                raise self.refusal(resource, now)
            self.add(resource, purpose, lease)

    def refusal(self, resource: str, now: datetime) -> PermitRefusedError:
        ledger = self.store.permits.all().get(resource)
        if ledger is None:  # somebody emptied the table
            self.store.permits.ensure(self.limits)
            return PermitRefusedError(resource, now + LATER, spent=False)
        spent = ledger.used >= ledger.limit
        return PermitRefusedError(resource, ledger.reset_at if spent else min(now + LATER, ledger.reset_at), spent)

    def _spend(self, resource: str, purpose: Purpose, now: datetime) -> bool:
        with self.lock:
            held = self._held(resource, purpose, now)
            held.permits -= (one := min(held.permits, 1))
            return bool(one)

    def _held(self, resource: str, purpose: Purpose, now: datetime) -> _Held:
        """Yesterday's permits are worth nothing today: eBay counts anew."""
        key = resource, purpose is Purpose.BACKFILL
        held = self.held.setdefault(key, _Held())
        if held.reset_at is not None and held.reset_at <= now:
            held = self.held[key] = _Held()
        return held
