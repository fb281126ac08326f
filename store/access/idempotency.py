"""Answers that were given, by the key that their request named: who asks again gets the same one (DESIGN, Contract, HTTP).

A request whose process died is free again after `RUNNING`: all writes of the API may be done twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine, text

from store.schema.errors import translated

LASTING = timedelta(hours=24)
RUNNING = timedelta(minutes=2)  # longer than any answer takes

BEGIN_REQUEST = text("""
    INSERT INTO sellerbeat.idempotency_keys AS k (token_id, key, request, begun_at)
    VALUES (:token_id, :key, :request, clock_timestamp())
    ON CONFLICT (token_id, key) DO UPDATE SET request = excluded.request, begun_at = excluded.begun_at, status = NULL, answer = NULL
    WHERE k.begun_at < clock_timestamp() - CAST(:lasting AS interval)
        OR (k.status IS NULL AND k.request = excluded.request AND k.begun_at < clock_timestamp() - CAST(:running AS interval))
    RETURNING key
""")
REQUEST_BY_KEY = text("SELECT request, status, answer FROM sellerbeat.idempotency_keys WHERE token_id = :token_id AND key = :key")
END_REQUEST = text("""
    UPDATE sellerbeat.idempotency_keys SET status = :status, answer = :answer
    WHERE token_id = :token_id AND key = :key AND request = :request
""")
FORGET_REQUEST = text("""
    DELETE FROM sellerbeat.idempotency_keys WHERE token_id = :token_id AND key = :key AND request = :request AND status IS NULL
""")
FORGET_OLD_REQUESTS = text("""
    DELETE FROM sellerbeat.idempotency_keys WHERE (token_id, key) IN (
        SELECT token_id, key FROM sellerbeat.idempotency_keys WHERE begun_at < clock_timestamp() - CAST(:lasting AS interval) LIMIT 5000)
""")


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """What is known of a key. `same`: of this very request; `status` None: it is in hand; `answer` None: it held a secret."""

    same: bool
    status: int | None
    answer: str | None


class IdempotencyKeys:
    """For the API."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, token_id: str, key: str, request: bytes) -> EarlierRequest | None:
        """Take a key for a request, by its hash. None: it is the first, and `end` or `forget` must follow."""
        values = {"token_id": token_id, "key": key, "request": request, "lasting": LASTING, "running": RUNNING}
        with translated(), self._engine.begin() as connection:
            if connection.execute(BEGIN_REQUEST, values).one_or_none():
                return None
            row = connection.execute(REQUEST_BY_KEY, values).one()
        return EarlierRequest(bytes(row.request) == request, row.status, row.answer)

    def end(self, token_id: str, key: str, request: bytes, status: int, answer: str | None) -> None:
        """Keep the answer for a day. `answer` None: it holds a secret, and is given once."""
        values = {"token_id": token_id, "key": key, "request": request, "status": status, "answer": answer}
        with translated(), self._engine.begin() as connection:
            connection.execute(END_REQUEST, values)

    def forget(self, token_id: str, key: str, request: bytes) -> None:
        """Nothing was done: the key is free again."""
        with translated(), self._engine.begin() as connection:
            connection.execute(FORGET_REQUEST, {"token_id": token_id, "key": key, "request": request})

    def forget_old(self) -> int:
        """Delete some of what is older than a day. Returns how many; 5,000: there may be more."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(FORGET_OLD_REQUESTS, {"lasting": LASTING}).rowcount
