"""While a worker runs: it says in Postgres, every 10 s, that it is there, and what it finds of itself.

On a connection and a thread of its own, so that no poll waits for it, nor it for polls. What Temporal says is asked beside, and no word
waits for it: a dead Temporal must not hide a living worker.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from domain.health_facts import CLOCK, GONE_AFTER, SEEN_EVERY, SLOW_S, WorkerFindings
from store import Store, StoreError
from workflows.readiness import readiness
from workflows.schedules import lacking_schedules

PATIENCE = timedelta(seconds=2)
SCHEDULES_EVERY = 3  # looks at Temporal: each costs three calls
NOT_YET = "Postgres has not answered yet: wait a moment"
HANGS = "Postgres does not answer: see that it runs, and the way to it"
logger = logging.getLogger("sellerbeat.worker")


class WorkerPresence:
    """Of one process. `keep` until cancelled, then `end`."""

    def __init__(self, client: Client, store: Store, task_queue: str, every: timedelta = SEEN_EVERY) -> None:
        self.client, self.store, self.task_queue, self.every = client, store, task_queue, every
        self.id = secrets.token_hex(8)
        self.findings = WorkerFindings()
        self.looks = 0
        self.refused: str | None = NOT_YET  # why Postgres did not take the last word
        self.taken_at = time.monotonic()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="presence")

    async def keep(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._every(self.say), self._every(self.look))

    async def _every(self, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await act()
            except Exception:  # a fault of ours must not end it: the worker would be taken for dead
                logger.exception("worker cannot say that it is there")
            await asyncio.sleep(self.every.total_seconds())

    async def say(self) -> None:
        """One word. Where Postgres takes none, whoever reads it finds the reason."""
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(self._thread, self.store.presence.record, self.id, self.task_queue, self.findings)
        except StoreError as error:
            self.refused = str(error)
            logger.warning("worker cannot say that it is there", extra={"error": type(error).__name__})
            return
        self.refused, self.taken_at = None, time.monotonic()
        full = await self._full_since(loop, answer.now)
        off = round((datetime.now(UTC) - answer.now).total_seconds())
        since = None if answer.opens_tokens else self.findings.keys_since or answer.now
        if since and not self.findings.keys_since:
            logger.error("the keys in SELLERBEAT_SECRET_KEYS open no stored token: nobody can be polled")
        before = self.findings
        clock_off_s = off if abs(off) > CLOCK.total_seconds() else 0
        self.findings = replace(before, keys_since=since, disk_full_since=full, clock_off_s=clock_off_s)
        if bool(before.keys_since) != bool(since) or bool(before.disk_full_since) != bool(full):
            await self.say()  # now, not in ten seconds

    async def _full_since(self, loop: asyncio.AbstractEventLoop, now: datetime) -> datetime | None:
        before = self.findings.disk_full_since
        try:
            full = await loop.run_in_executor(self._thread, self.store.presence.disk_is_full)
        except StoreError:
            return before  # it is not known
        return (before or now) if full else None

    def readiness(self) -> dict[str, Any]:
        """For `/readyz`. A word that Postgres neither takes nor refuses for long is refused."""
        hangs = self.refused is None and time.monotonic() - self.taken_at > GONE_AFTER.total_seconds()
        return readiness(datetime.now(UTC), self.task_queue, self.findings, HANGS if hangs else self.refused)

    async def look(self) -> None:
        """At Temporal: whether it answers, and now and then whether it has our schedules."""
        began = time.monotonic()
        try:
            await self.client.service_client.check_health(timeout=PATIENCE)
        except RPCError:
            self.findings = replace(self.findings, temporal_since=self.findings.temporal_since or datetime.now(UTC))
            return
        took_s = round(time.monotonic() - began, 1)
        self.findings = replace(self.findings, temporal_since=None, temporal_slow_s=took_s if took_s > SLOW_S else 0.0)
        self.looks += 1
        if self.looks % SCHEDULES_EVERY == 0:
            with suppress(RPCError):
                missing, paused = await lacking_schedules(self.client, self.task_queue)
                self.findings = replace(self.findings, schedules_missing=tuple(missing), schedules_paused=tuple(paused))

    async def end(self) -> None:
        """The worker stops: whoever looks now is told so, and does not take it for dead."""
        with suppress(StoreError):
            await asyncio.get_running_loop().run_in_executor(self._thread, self.store.presence.end, self.id)
        self._thread.shutdown(wait=False)
