"""Pages of what the API lists: by an index, behind a cursor, so that the last page costs what the first one does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, TextClause, text

from store.reading.status import StatusReader
from store.schema.errors import translated
from store.schema.tables import LARGEST_ID
from store.schema.times import iso

BATCH, MOST = 500, 1000  # sellers at a time, and in one page's search: with a state that is rare a page may be short
STORED_NO_MORE = "\x1f"  # begins the cursor behind the last stored entity; no id of eBay's does
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POLL_CURSOR = re.compile(r"([0-9]{1,17})\.([0-9]{1,19})")  # microseconds, and the poll's number
ASIDE_CURSOR = re.compile(f"{STORED_NO_MORE}([0-9]{{1,18}})")

NEXT_SELLER_IDS = text("""
    SELECT seller_id FROM sellerbeat.sellers WHERE seller_id > :after AND strpos(lower(seller_id), lower(:part)) > 0
    ORDER BY seller_id LIMIT :limit
""")
POLL_RUNS_OF_SELLER_BEHIND = text("""
    SELECT epoch, started_at, finished_at, stream, source, api_calls, changes, duplicates, stale, missed, undated, error
    FROM sellerbeat.poll_runs
    WHERE seller_id = :seller_id AND started_at <= CAST(:at AS timestamptz) AND (started_at < CAST(:at AS timestamptz) OR epoch < :epoch)
    ORDER BY started_at DESC, epoch DESC LIMIT :limit
""")
SET_ASIDE_BEHIND = text("""
    SELECT id, seller_id, kind, entity_id, reason, at, attempts FROM sellerbeat.set_aside
    WHERE id < :after AND (CAST(:sellers AS text[]) IS NULL OR seller_id = ANY(CAST(:sellers AS text[]))) ORDER BY id DESC LIMIT :limit
""")
SELLER_OF_SET_ASIDE = text("SELECT seller_id FROM sellerbeat.set_aside WHERE id = :id")


class WrongCursorError(ValueError):
    """What no answer gave as `next`."""


@dataclass(frozen=True, slots=True)
class ListPage:
    """Some rows, in JSON's types, and the cursor behind the last; None: there are no more."""

    rows: list[dict[str, Any]]
    next: str | None


class ListReader:
    """Answers for programs. Locks nothing."""

    def __init__(self, engine: Engine, status: StatusReader) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._moment = engine.execution_options(isolation_level="REPEATABLE READ")
        self._status = status

    def sellers(self, after: str, limit: int, part: str = "", state: str | None = None) -> ListPage:
        """As `StatusReader.all`, by id. With a state that few have, a page may be short, even empty, and yet not the last.

        Args:
            part: of the id, whatever its letters' case.
        """
        found: list[dict[str, Any]] = []
        looked = 0
        while True:
            batch = BATCH if state else limit - len(found)
            ids = [row["seller_id"] for row in self._read(NEXT_SELLER_IDS, after=after, part=part, limit=batch + 1)]
            found += [one for one in self._status.given(ids[:batch]) if state in (None, one["state"])]
            looked += len(ids[:batch])
            if len(found) > limit or (len(found) == limit and len(ids) > batch):
                return ListPage(found[:limit], found[limit - 1]["seller_id"])
            if len(ids) <= batch:
                return ListPage(found, None)
            after = ids[batch - 1]
            if looked >= MOST:
                return ListPage(found, after)

    def polls(self, seller_id: str, after: str, limit: int) -> ListPage:
        """Those that found something, failed or were asked for, newest first. Raises WrongCursorError."""
        at, epoch = "infinity", LARGEST_ID
        if after:
            match = POLL_CURSOR.fullmatch(after)
            if match is None:
                raise WrongCursorError
            at, epoch = (EPOCH + timedelta(microseconds=int(match[1]))).isoformat(), min(int(match[2]), LARGEST_ID)
        rows = self._read(POLL_RUNS_OF_SELLER_BEHIND, seller_id=seller_id, at=at, epoch=epoch, limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        following = f"{(last['started_at'] - EPOCH) // timedelta(microseconds=1)}.{last['epoch']}" if last else None
        times = ("started_at", "finished_at")
        shown = [{name: iso(row[name]) if name in times else row[name] for name in row if name != "epoch"} for row in rows[:limit]]
        return ListPage(shown, following)

    def set_aside(self, after: int, limit: int, sellers: Sequence[str] | None = None) -> ListPage:
        """Documents set aside, newest first, without their contents. `after`: an id; `sellers`: None for all."""
        rows = self._read(SET_ASIDE_BEHIND, after=after, sellers=None if sellers is None else list(sellers), limit=limit + 1)
        following = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return ListPage([{**row, "at": iso(row["at"])} for row in rows[:limit]], following)

    def seller_of_set_aside(self, aside_id: int) -> str | None:
        """Whose document it is; None: none is set aside under this id."""
        rows = self._read(SELLER_OF_SET_ASIDE, id=aside_id)
        return str(rows[0]["seller_id"]) if rows else None

    def entities(self, seller_id: str, kind: str, after: str, limit: int) -> ListPage:
        """As `Snapshots.read`, page by page: entities by id, then set-aside ones that were never stored. Raises WrongCursorError."""
        from store.reading.entity_pages import NEXT_ENTITIES  # here: `status` has to do with sellers alone, and would wait for it
        from store.reading.snapshots import KINDS, entity

        stored, unstored = NEXT_ENTITIES[KINDS[kind]]
        rows: list[dict[str, Any]] = []
        with translated(), self._moment.begin() as connection:
            if not after.startswith(STORED_NO_MORE):
                found = connection.execute(stored, {"seller_id": seller_id, "after": after, "limit": limit + 1}).all()
                rows = [entity(row, KINDS[kind]) for row in found[:limit]]
                if len(found) > limit:
                    return ListPage(rows, rows[-1]["entity_id"])
                behind = 0
            else:
                match = ASIDE_CURSOR.fullmatch(after)
                if match is None:
                    raise WrongCursorError
                behind = int(match[1])
            left = limit - len(rows)
            found = connection.execute(unstored, {"seller_id": seller_id, "after": behind, "limit": left + 1}).all()
        rows += [entity(row, KINDS[kind]) for row in found[:left]]
        last = found[left - 1].aside_id if left and len(found) > left else behind
        return ListPage(rows, f"{STORED_NO_MORE}{last}" if len(found) > left else None)

    def named_entities(self, seller_id: str, kind: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those of these ids that are there, in the same shape."""
        from store.reading.entity_pages import ENTITIES_BY_ID
        from store.reading.snapshots import KINDS, entity

        values = {"seller_id": seller_id, "ids": list(ids), "limit": 2 * len(ids)}
        with translated(), self._moment.begin() as connection:
            return [entity(row, KINDS[kind]) for one in ENTITIES_BY_ID[KINDS[kind]] for row in connection.execute(one, values)]

    def _read(self, statement: TextClause, **values: Any) -> list[dict[str, Any]]:
        with translated(), self._single.connect() as connection:
            return [dict(row) for row in connection.execute(statement, values).mappings()]
