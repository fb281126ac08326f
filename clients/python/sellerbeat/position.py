"""Where the app stands in the feed, kept in the app's own database and moved in the transaction that keeps what the app made of the events.

Three tables: how far (`sellerbeat_position`), which ids were handled (`sellerbeat_handled`), what failed and what is set aside
(`sellerbeat_failed`). `DbApiPosition` is for a plain DB-API driver, `sellerbeat.sqlalchemy.SqlAlchemyPosition` for SQLAlchemy.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from sellerbeat import statements
from sellerbeat.drivers import commits_by_itself, in_style, is_ended, paramstyle_of
from sellerbeat.errors import TransactionEndedError

T = TypeVar("T")
LONGEST_ERROR = 500  # characters
REMEMBERED = timedelta(days=400)  # as long as Sellerbeat keeps events, unless it is told otherwise


class Place(NamedTuple):
    """All up to this position is handled. `feed`: the feed's generation, another one after a restore; "" before it was told."""

    position: int
    feed: str


@dataclass(frozen=True)
class FailedEvent:
    """An event whose handler raised. `set_aside`: the app went on without it, and may try it again by `Feed.retry`."""

    id: str
    type: str
    position: int | None
    times: int
    error: str
    event: Mapping[str, Any]
    set_aside: bool


class Position(Protocol[T]):
    """What a feed needs of the place where the app keeps its position. Every function but `transaction` works within one."""

    def transaction(self) -> AbstractContextManager[T]:
        """Begins one; commits it at the end of the block, undoes it if the block raises. The handlers get it."""
        ...

    def read(self, transaction: T) -> Place | None:
        """Where the app stands; None: it has not begun."""
        ...

    def begin(self, transaction: T, place: Place) -> bool:
        """Writes the first place. False: another consumer did it before."""
        ...

    def lock(self, transaction: T) -> Place | None:
        """Keeps every other consumer from this position until the transaction ends. Where it stands; None: it has not begun."""
        ...

    def handling(self, transaction: T) -> AbstractContextManager[None]:
        """Handlers run in this block. Raises what they raise; TransactionEndedError, where one of them ended the transaction."""
        ...

    def move(self, transaction: T, before: Place, after: Place) -> bool:
        """Goes on. False: it does not stand at `before` any more."""
        ...

    @property
    def remembers(self) -> bool:
        """Whether ids of handled events are kept."""
        ...

    def known(self, transaction: T, ids: Sequence[str]) -> set[str]:
        """Of these, those that were handled before."""
        ...

    def remember(self, transaction: T, ids: Sequence[str]) -> None:
        """These are handled, if the transaction commits. May raise where another one handles one of them just now."""
        ...

    def forget(self, transaction: T, *, all_ids: bool) -> None:
        """Forgets ids that are too old to come again, or all of them."""
        ...

    def failed(self, transaction: T) -> list[FailedEvent]:
        """Events whose handlers raised, and that were not handled since."""
        ...

    def note_failed(self, transaction: T, failed: FailedEvent) -> None:
        """Writes it down, in place of what was noted of this event before."""
        ...

    def note_handled(self, transaction: T, ids: Collection[str]) -> None:
        """What was noted of these is over."""
        ...


@dataclass(frozen=True)
class OwnColumns:
    """Columns of a table of the app's own, in place of `sellerbeat_position`. All are SQL as the app would write it.

    `position` is a whole number, `generation` text; both may be null before the first event. `where` names the one row.
    """

    table: str
    position: str
    generation: str
    where: str


class DbApiPosition(Generic[T]):
    """A position that a DB-API driver keeps: psycopg, psycopg2, sqlite3, PyMySQL and their like. Handlers get the connection.

    Args:
        connect: gives a connection that commits when it is told to: `lambda: psycopg.connect(...)`, or a pool's `getconn`.
        name: of the position, where an app has several.
        release: what becomes of the connection afterwards, such as a pool's `putconn`; else it is closed.
        remember: for how long ids of handled events are kept, so that none is handled twice; None: not at all.
        own: where the position is, if not in `sellerbeat_position`.
        paramstyle: as the driver's module says it; found out where it is left out.
    """

    def __init__(
        self,
        connect: Callable[[], T],
        name: str = "main",
        *,
        release: Callable[[T], object] | None = None,
        remember: timedelta | None = REMEMBERED,
        own: OwnColumns | None = None,
        paramstyle: str | None = None,
    ) -> None:
        self.name = name
        self._connect, self._release, self._remember, self._own = connect, release, remember, own
        self._style = paramstyle

    def create_tables(self) -> None:
        """Makes what is missing. Safe to repeat."""
        with self.transaction() as connection:
            for statement in statements.CREATE_TABLES:
                self._run(connection, statement)

    @contextmanager
    def transaction(self) -> Iterator[T]:
        """A connection; commits at the end. Raises ValueError: it commits every statement by itself, so nothing could be undone."""
        connection = self._connect()
        handle: Any = connection
        try:
            if commits_by_itself(connection):
                raise ValueError("the connection is in autocommit: position and results would not be kept together")
            yield connection
            handle.commit()
        except BaseException:
            with suppress(Exception):  # of a lost connection; what was raised says more
                handle.rollback()
            raise
        finally:
            if self._release:
                self._release(connection)
            else:
                handle.close()

    def read(self, transaction: T) -> Place | None:
        """As `Position` says."""
        if own := self._own:
            rows = self._rows(transaction, f"SELECT {own.position}, {own.generation} FROM {own.table} WHERE {own.where}")
            if len(rows) != 1:
                raise ValueError(f"{own.table} has {len(rows)} rows where {own.where}; the position needs one")
        else:
            rows = self._rows(transaction, statements.READ_POSITION, self.name)
        return Place(int(rows[0][0]), rows[0][1] or "") if rows and rows[0][0] is not None else None

    def begin(self, transaction: T, place: Place) -> bool:
        """As `Position` says."""
        if own := self._own:
            statement = f"UPDATE {own.table} SET {own.position} = ?, {own.generation} = ? WHERE {own.where} AND {own.position} IS NULL"
            return self._run(transaction, statement, *place) == 1
        if self.read(transaction) is not None:
            return False
        self._run(transaction, statements.BEGIN_POSITION, self.name, *place)
        return True

    def lock(self, transaction: T) -> Place | None:
        """As `Position` says."""
        if own := self._own:
            self._run(transaction, f"UPDATE {own.table} SET {own.position} = {own.position} WHERE {own.where}")
        else:
            self._run(transaction, statements.LOCK_POSITION, self.name)
        return self.read(transaction)

    @contextmanager
    def handling(self, transaction: T) -> Iterator[None]:
        """As `Position` says."""
        self._run(transaction, statements.BEFORE_HANDLERS)
        raised: Exception | None = None
        try:
            yield
        except Exception as error:
            raised = error
        try:
            self._run(transaction, statements.BEHIND_HANDLERS)
        except Exception as error:
            if is_ended(error):
                raise TransactionEndedError from raised or error
            if raised is None:
                raise
        if raised:
            raise raised

    def move(self, transaction: T, before: Place, after: Place) -> bool:
        """As `Position` says."""
        if own := self._own:
            statement = (
                f"UPDATE {own.table} SET {own.position} = ?, {own.generation} = ?"
                f" WHERE {own.where} AND {own.position} = ? AND COALESCE({own.generation}, '') = ?"
            )
            return self._run(transaction, statement, *after, *before) == 1
        return self._run(transaction, statements.MOVE_POSITION, *after, self.name, *before) == 1

    @property
    def remembers(self) -> bool:
        """As `Position` says."""
        return self._remember is not None

    def known(self, transaction: T, ids: Sequence[str]) -> set[str]:
        """As `Position` says."""
        found: set[str] = set()
        for part in statements.parts(ids if self.remembers else ()):
            statement = statements.KNOWN_IDS.format(statements.marks(len(part)))
            found.update(row[0] for row in self._rows(transaction, statement, self.name, *part))
        return found

    def remember(self, transaction: T, ids: Sequence[str]) -> None:
        """As `Position` says."""
        now = int(time.time())
        for part in statements.parts(ids if self.remembers else ()):
            values = [value for one in part for value in (self.name, one, now)]
            self._run(transaction, statements.REMEMBER_IDS.format(", ".join(["(?, ?, ?)"] * len(part))), *values)

    def forget(self, transaction: T, *, all_ids: bool) -> None:
        """As `Position` says."""
        if all_ids:
            self._run(transaction, statements.FORGET_ALL_IDS, self.name)
        elif self._remember is not None:
            self._run(transaction, statements.FORGET_OLD_IDS, self.name, int(time.time() - self._remember.total_seconds()))

    def failed(self, transaction: T) -> list[FailedEvent]:
        """As `Position` says."""
        rows = self._rows(transaction, statements.FAILED_EVENTS, self.name)
        return [FailedEvent(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), bool(row[6])) for row in rows]

    def note_failed(self, transaction: T, failed: FailedEvent) -> None:
        """As `Position` says."""
        self.note_handled(transaction, [failed.id])
        document = json.dumps(failed.event)
        values = (failed.type, failed.position, failed.times, failed.error, document, int(failed.set_aside))
        self._run(transaction, statements.NOTE_FAILED, self.name, failed.id, *values)

    def note_handled(self, transaction: T, ids: Collection[str]) -> None:
        """As `Position` says."""
        for part in statements.parts(list(ids)):
            self._run(transaction, statements.NOTE_HANDLED.format(statements.marks(len(part))), self.name, *part)

    def _run(self, transaction: T, statement: str, *values: Any) -> int:
        """How many rows it changed."""
        cursor = self._execute(transaction, statement, values)
        count = int(cursor.rowcount)
        cursor.close()
        return count

    def _rows(self, transaction: T, statement: str, *values: Any) -> list[Any]:
        cursor = self._execute(transaction, statement, values)
        rows = [tuple(row) for row in cursor.fetchall()]
        cursor.close()
        return rows

    def _execute(self, transaction: Any, statement: str, values: Sequence[Any]) -> Any:
        if self._style is None:
            self._style = paramstyle_of(transaction)
        cursor = transaction.cursor()
        cursor.execute(in_style(statement, self._style), tuple(values))
        return cursor
