"""Answers that were given, by the key that their request named: who asks again gets the same one (ARCHITECTURE.md).

What became of a request whose process died, or that failed on the way, nobody knows: its row stays. Where the act may be done twice the
same request takes the row over; where it may not, the row says so for a day.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from store.schema.errors import translated

LASTING = timedelta(hours=24)
RUNNING = timedelta(minutes=2)  # longer than most answers take; a run that is overtaken ends no row but its own
FAILED = 500  # from this status on it is not known what became of the act

BEGIN_REQUEST = text(f"""
    INSERT INTO sellerbeat.idempotency_keys AS k (token_id, key, request, begun_at)
    VALUES (:token_id, :key, :request, clock_timestamp())
    ON CONFLICT (token_id, key) DO UPDATE SET request = excluded.request, begun_at = excluded.begun_at, status = NULL, answer = NULL
    WHERE k.begun_at < clock_timestamp() - CAST(:lasting AS interval)
        OR (:repeatable AND k.request = excluded.request
            AND (k.status >= {FAILED} OR (k.status IS NULL AND k.begun_at < clock_timestamp() - CAST(:running AS interval))))
    RETURNING begun_at
""")
REQUEST_BY_KEY = text(f"""
    SELECT request, status, answer, coalesce(status >= {FAILED}, begun_at < clock_timestamp() - CAST(:running AS interval)) AS unknown
    FROM sellerbeat.idempotency_keys WHERE token_id = :token_id AND key = :key
""")
END_REQUEST = text("""
    UPDATE sellerbeat.idempotency_keys SET status = :status, answer = :answer
    WHERE token_id = :token_id AND key = :key AND request = :request AND begun_at = :begun_at
""")
FORGET_REQUEST = text("""
    DELETE FROM sellerbeat.idempotency_keys
    WHERE token_id = :token_id AND key = :key AND request = :request AND begun_at = :begun_at AND status IS NULL
""")
FORGET_OLD_REQUESTS = text("""
    DELETE FROM sellerbeat.idempotency_keys WHERE (token_id, key) IN (
        SELECT token_id, key FROM sellerbeat.idempotency_keys WHERE begun_at < clock_timestamp() - CAST(:lasting AS interval) LIMIT 5000)
""")


@dataclass(frozen=True, slots=True)
class BegunRequest:
    """A request that took its key: one run of it, told by when it began (UTC)."""

    token_id: str
    key: str
    request: bytes
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """What is known of a key.

    `same`: of this very request; `unknown`: it failed on the way, or its process died, and it may have been done; `status` None: it is in
    hand; `answer` None: it held a secret.
    """

    same: bool
    unknown: bool
    status: int | None
    answer: str | None


class IdempotencyKeys:
    """For the API."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, token_id: str, key: str, request: bytes, repeatable: bool = True) -> BegunRequest | EarlierRequest:
        """Take a key for a request, by its hash; `end` or `forget` must follow. `repeatable`: it may be done again where it was begun."""
        values = {"token_id": token_id, "key": key, "request": request, "repeatable": repeatable}
        values |= {"lasting": LASTING, "running": RUNNING}
        with translated(), self._engine.begin() as connection:
            if begun := connection.execute(BEGIN_REQUEST, values).one_or_none():
                return BegunRequest(token_id, key, request, begun.begun_at)
            row = connection.execute(REQUEST_BY_KEY, values).one()  # the statement before locked it
        return EarlierRequest(bytes(row.request) == request, row.unknown, row.status, row.answer)

    def end(self, run: BegunRequest, status: int, answer: str | None) -> None:
        """Keep the answer for a day. `answer` None: it holds a secret, and is given once; from 500 on: nobody knows what became of it."""
        with translated(), self._engine.begin() as connection:
            connection.execute(END_REQUEST, {**asdict(run), "status": status, "answer": answer})

    def forget(self, run: BegunRequest) -> None:
        """Nothing was done: the key is free again."""
        with translated(), self._engine.begin() as connection:
            connection.execute(FORGET_REQUEST, asdict(run))

    def forget_old(self) -> int:
        """Delete some of what is older than a day. Returns how many; 5,000: there may be more."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(FORGET_OLD_REQUESTS, {"lasting": LASTING}).rowcount
