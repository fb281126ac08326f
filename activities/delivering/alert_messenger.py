"""Writes to people of alerts: each endpoint at most once a minute, what came meanwhile in one message.

It runs in each worker and in web.py, without Temporal: where that or the workers are dead, people are still written to. Whose turn it is
stands in Postgres (`domain/delivery/alert_turns.py`), so several processes are one.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from activities.delivering.alert_senders import AlertSender, MessageOutcome
from activities.delivering.deliver import ALERT_AFTER, failing_words, off_reason
from activities.polling.steps import frame_of
from domain.delivery import AttemptOutcome
from domain.delivery.alert_health import HealthMemory
from domain.delivery.alert_notice import is_urgent, notice
from domain.delivery.alert_stories import stories
from domain.delivery.alert_turns import AlertTurn
from domain.health import Finding
from store import SecretError, Store, StoreError
from store.delivery.alert_endpoints import AlertReader, MessageAttempt, UnsaidAlerts
from store.schema.kinds import AlertKind

LOOK_S, HEALTH_EVERY = 2.0, timedelta(seconds=10)
THREADS = 5  # one looks, the others write to an endpoint each
logger = logging.getLogger("sellerbeat.alerts")


class AlertMessenger:
    """
    Args:
        senders: by kind of endpoint; kinds that are not among them are left to other processes.
        diagnose: what is wrong with the whole; None: this process does not see it.
    """

    def __init__(
        self, store: Store, senders: Mapping[str, AlertSender], diagnose: Callable[[], Awaitable[list[Finding]]] | None = None
    ) -> None:
        self.store, self.senders, self.diagnose, self.health = store, senders, diagnose, HealthMemory()
        self.at_work: dict[str, asyncio.Future[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled. A message in hand is left to its thread: cut off, it is sent again by whoever is there a minute later."""
        loop = asyncio.get_running_loop()
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="alerts")
        try:
            while True:
                readers = await loop.run_in_executor(threads, self.readers)
                if readers:
                    await self.look_at_health(readers[0].now)
                for reader in readers:
                    if (before := self.at_work.get(reader.id)) is None or before.done():
                        self.at_work[reader.id] = loop.run_in_executor(threads, self.serve, reader)
                await asyncio.sleep(LOOK_S)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    async def look_at_health(self, now: datetime) -> None:
        """Remember what is wrong with the whole, where this process can see it."""
        if self.diagnose is None or (self.health.looked_at and now < self.health.looked_at + HEALTH_EVERY):
            return
        try:
            self.health.look(await self.diagnose(), now)
        except Exception as error:
            logger.error("health cannot be looked up for people", extra={"place": frame_of(error)})

    def readers(self) -> list[AlertReader]:
        """Whom this process can write to, and may write to now. Nobody, while Postgres does not answer."""
        try:
            found = self.store.alert_endpoints.readers()
        except StoreError as error:
            logger.warning("nobody can be written to of alerts", extra={"error": str(error)})
            return []
        except Exception as error:
            logger.error("nobody can be written to for a reason that nobody foresaw", extra={"place": frame_of(error)})
            return []
        return [one for one in found if one.kind in self.senders and one.turn.is_free(one.now)]

    def serve(self, reader: AlertReader) -> None:
        """Write to one, if there is something to say. Whatever goes wrong is logged, and tried again."""
        try:
            self.write(reader)
        except SecretError as error:
            logger.error("an endpoint's address cannot be read", extra={"endpoint": reader.id, "error": str(error)})
        except StoreError as error:
            logger.warning("people cannot be written to of alerts", extra={"endpoint": reader.id, "error": str(error)})
        except Exception as error:
            logger.error("people cannot be written to for a reason nobody foresaw", extra={"endpoint": reader.id, "place": frame_of(error)})

    def write(self, reader: AlertReader, clock: Callable[[], datetime] | None = None) -> bool:
        """One turn. Returns whether a message went out. Raises StoreError, SecretError."""
        clock = clock or self.store.levels.clock
        unsaid = self.store.alert_endpoints.unsaid(reader)
        found = stories(unsaid.changes, reader.id)
        wrong, mended = self.health.wrong(reader.findings), self.health.mended(reader.findings)
        if not (found or wrong or mended):
            self.store.alert_endpoints.skip_to(reader, unsaid.position)
            return False
        causes = self.store.alert_endpoints.causes()
        urgent = is_urgent(found, causes)
        if not (reader.turn.is_due(unsaid.oldest, reader.now, urgent) or (reader.turn.is_free(reader.now) and (wrong or mended))):
            return False
        turn = reader.turn.claimed(secrets.token_hex(8), reader.now)
        if (address := self.store.alert_endpoints.claim(reader, turn)) is None:
            return False
        key = f"alerts-{reader.id}-{unsaid.position}"
        over = [reader.findings[part] for part in mended]
        outcome = self.senders[reader.kind].send(address, notice(found, reader.now, causes, wrong, over), key)
        said = {part: words for part, words in reader.findings.items() if part not in mended}
        said |= {one.part.value: one.sentence for one in wrong}
        self.record(reader, turn, unsaid, outcome, clock(), said)
        return True

    def record(
        self, reader: AlertReader, turn: AlertTurn, unsaid: UnsaidAlerts, found: MessageOutcome, now: datetime, said: Mapping[str, str]
    ) -> None:
        """How it ended, by the same rules as of other deliveries: an alert after an hour of failure, switched off after five days."""
        attempt = MessageAttempt(found.outcome.value, found.status, found.kind, found.took_ms)
        if found.outcome == AttemptOutcome.DELIVERED:
            self.store.alert_endpoints.delivered(reader.id, turn.delivered(unsaid.position, now), unsaid, attempt, now, said)
            return
        failed = turn.failed(now, random.random(), found.asked_s)
        fields = {"endpoint": reader.id, "outcome": found.outcome.value, "status": found.status, "kind": found.kind}
        logger.info("people were not reached", extra={**fields, "tries": failed.tries})
        if (failing_since := self.store.alert_endpoints.failed(reader.id, failed, unsaid, attempt, now)) is None:
            return
        if off := off_reason(found.outcome.value, now - failing_since):
            words = f"endpoint {reader.id} is switched off: {off}. Nothing is dropped"
            self.store.delivery_cursors.switch_off(reader.id, off, now, words)
        elif now - failing_since >= ALERT_AFTER:
            self.store.open_alert(AlertKind.ENDPOINT_FAILING, failing_words(reader.id), about=reader.id)
