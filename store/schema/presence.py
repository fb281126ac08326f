"""Worker processes say that they are there, by the database's clock: whoever reads Postgres knows it, with Temporal or without.

It is not a workflow: a dead Temporal would hide a living worker, and a living one a frozen worker for minutes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from domain.health_facts import WorkerFindings
from store.schema.errors import SecretError, StoreError, translated
from store.schema.faults import UNAVAILABLE
from store.schema.vault import Vault

FORGOTTEN_AFTER = timedelta(days=1)
# With some sealed tokens, so that keys which open none are noticed at once and cost no statement of their own.
RECORD_WORKER = text("""
    WITH mine AS (
        INSERT INTO sellerbeat.workers AS w (id, kind, task_queue, started_at, last_seen_at, findings)
        VALUES (:id, 'polling', :task_queue, clock_timestamp(), clock_timestamp(), CAST(:findings AS jsonb))
        ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at, findings = excluded.findings, ended_at = NULL
        RETURNING last_seen_at
    )
    SELECT last_seen_at AS now,
        ARRAY(SELECT refresh_token FROM sellerbeat.tokens WHERE refresh_token IS NOT NULL ORDER BY seller_id LIMIT 3) AS sealed FROM mine
""")
# A file of half a megabyte, which is gone at once: on a full disk pages that have room still take rows for a while, and hide it.
TRY_DISK = text("SET LOCAL work_mem = '64kB'; SELECT count(*) FROM generate_series(1, 30000)")
SOME_SEALED_TOKENS = text("SELECT refresh_token FROM sellerbeat.tokens WHERE refresh_token IS NOT NULL ORDER BY seller_id LIMIT 3")
RECORD_END_OF_WORKER = text("UPDATE sellerbeat.workers SET ended_at = clock_timestamp() WHERE id = :id")
# The newest stays: it says since when nobody is there.
DELETE_OLD_WORKERS = text("""
    DELETE FROM sellerbeat.workers WHERE last_seen_at < clock_timestamp() - CAST(:age AS interval)
        AND last_seen_at < (SELECT max(last_seen_at) FROM sellerbeat.workers)
""")


@dataclass(frozen=True, slots=True)
class PresenceAnswer:
    """What a worker learns when it says that it is there.

    Attributes:
        now: the database's clock.
        opens_tokens: its keys open a stored token, or none is stored.
    """

    now: datetime
    opens_tokens: bool


class Presence:
    """Of workers. Each method is one statement."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._vault = vault

    def record(self, worker: str, task_queue: str, findings: WorkerFindings) -> PresenceAnswer:
        """Say that a worker is there, and what it cannot do. `worker`: an id of this process alone, which names no machine."""
        values = {"id": worker, "task_queue": task_queue, "findings": json.dumps(findings.fields())}
        with translated(), self._single.connect() as connection:
            row = connection.execute(RECORD_WORKER, values).one()
        return PresenceAnswer(row.now, self._opens_any(row.sealed))

    def disk_is_full(self) -> bool:
        """Whether Postgres has no room for a file. Raises StoreError: it is not known, as Postgres does not serve us."""
        try:
            with translated(), self._engine.connect() as connection:
                connection.execute(TRY_DISK)
                connection.rollback()
        except StoreError as error:
            if str(error) == UNAVAILABLE["53100"]:
                return True
            raise
        return False

    def end(self, worker: str) -> None:
        """It stops in good order."""
        with translated(), self._single.connect() as connection:
            connection.execute(RECORD_END_OF_WORKER, {"id": worker})

    def opens_tokens(self) -> bool:
        """Whether the keys of this process open a stored token; also where none is stored."""
        with translated(), self._single.connect() as connection:
            return self._opens_any(list(connection.execute(SOME_SEALED_TOKENS).scalars()))

    def _opens_any(self, sealed: list[bytes]) -> bool:
        return not sealed or any(map(self._opens, sealed))

    def _opens(self, sealed: bytes) -> bool:
        try:
            self._vault.open(sealed)
        except SecretError:
            return False
        return True


def forget_workers(engine: Engine) -> int:
    """Delete those who said nothing for a day. Returns how many."""
    with translated(), engine.begin() as connection:
        return connection.execute(DELETE_OLD_WORKERS, {"age": FORGOTTEN_AFTER}).rowcount
