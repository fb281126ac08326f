"""Who did what, when: a row for each act of a person or a program, written before it and ended after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, text

from store.schema.errors import translated
from store.schema.tables import LARGEST_ID
from store.schema.times import iso

CHUNK = 5000

BEGIN_ACT = text("""
    INSERT INTO sellerbeat.audit (at, author, action, seller_id, subject, before, after)
    VALUES (clock_timestamp(), :author, :action, :seller_id, :subject, CAST(:before AS jsonb), CAST(:after AS jsonb)) RETURNING id
""")
END_ACT = text("UPDATE sellerbeat.audit SET outcome = :outcome WHERE id = :id")
# Ids are drawn in about the order of the times: from a little below the first id that is young enough, nothing older is looked at.
ACTS_NEWEST_FIRST = text("""
    SELECT id, at, author, action, seller_id, subject, before, after, outcome FROM sellerbeat.audit
    WHERE id < :before AND (CAST(:seller_id AS text) IS NULL OR seller_id = :seller_id)
        AND (CAST(:author AS text) IS NULL OR author = :author) AND (CAST(:action AS text) IS NULL OR action LIKE :action)
        AND (CAST(:since AS interval) IS NULL OR at >= (SELECT clock_timestamp() - CAST(:since AS interval)))
        AND id >= CASE WHEN CAST(:since AS interval) IS NULL THEN 0 ELSE (SELECT id - 1000 FROM sellerbeat.audit
            WHERE at >= (SELECT clock_timestamp() - CAST(:since AS interval)) ORDER BY at LIMIT 1) END
    ORDER BY id DESC LIMIT :limit
""")
DELETE_OLD_ACTS = text(f"""
    DELETE FROM sellerbeat.audit WHERE id = ANY (ARRAY(
        SELECT id FROM sellerbeat.audit WHERE at < (SELECT clock_timestamp() - CAST(:keep AS interval)) ORDER BY at LIMIT {CHUNK}))
""")


class AuditLog:
    """For command line, page and API. Holds no secret: what goes in is settings, never tokens or bodies."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self,
        author: str,
        action: str,
        seller_id: str | None = None,
        subject: str | None = None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> int:
        """Write down that somebody begins an act. Returns the row's id, for `end`."""
        values = {"author": author, "action": action, "seller_id": seller_id, "subject": subject}
        values |= {"before": _json(before), "after": _json(after)}
        with translated(), self._engine.begin() as connection:
            row_id: int = connection.execute(BEGIN_ACT, values).scalar_one()
            return row_id

    def end(self, row_id: int, done: bool) -> None:
        """Write down what became of it."""
        with translated(), self._engine.begin() as connection:
            connection.execute(END_ACT, {"id": row_id, "outcome": "done" if done else "failed"})

    def read(
        self,
        *,
        before: int = LARGEST_ID,
        limit: int = 100,
        seller_id: str | None = None,
        author: str | None = None,
        action: str | None = None,
        since: timedelta | None = None,
    ) -> list[dict[str, Any]]:
        """Acts, newest first, those older than the row `before`. `action`: such as seller.pause, or seller.* for all of a kind;
        `since`: those of so long ago at most."""
        like = action.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_").replace("*", "%") if action else None
        values = {"before": before, "limit": limit, "seller_id": seller_id, "author": author, "action": like, "since": since}
        with translated(), self._engine.connect() as connection:
            return [{**row, "at": iso(row["at"])} for row in connection.execute(ACTS_NEWEST_FIRST, values).mappings()]

    def forget(self, keep: timedelta) -> int:
        """Delete some of what is older than `keep`. Returns how many; 5,000: there may be more."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(DELETE_OLD_ACTS, {"keep": keep}).rowcount


def _json(fields: Mapping[str, Any] | None) -> str | None:
    return json.dumps(fields) if fields is not None else None
