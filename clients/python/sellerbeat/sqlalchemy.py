"""A position that SQLAlchemy keeps, in the app's own transaction: handlers get the session, or the connection."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, InvalidRequestError, PendingRollbackError

from sellerbeat.drivers import commits_by_itself, is_ended
from sellerbeat.errors import TransactionEndedError
from sellerbeat.position import REMEMBERED, FailedEvent, Place

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Begins(Protocol[T_co]):
    """A `sessionmaker`, or an engine."""

    def begin(self) -> AbstractContextManager[T_co]:
        """Begins a transaction, which commits at the end of the block."""
        ...


@dataclass(frozen=True)
class OwnMappedColumns:
    """Columns of a table of the app's own, in place of `sellerbeat_position`: `OwnMappedColumns(Settings.feed_position,
    Settings.feed_generation, where=Settings.id == 1)`. Both may be null before the first event."""

    position: Any
    generation: Any
    where: ColumnElement[bool]


def add_tables(metadata: MetaData) -> None:
    """Adds the three tables to the app's own, so that `create_all` and Alembic make them."""
    if any(table.name == "sellerbeat_position" for table in metadata.tables.values()):  # whatever the schema
        return
    Table(
        "sellerbeat_position",
        metadata,
        Column("name", String(100), primary_key=True),
        Column("position", BigInteger, nullable=False),
        Column("generation", String(40), nullable=False),
    )
    Table(
        "sellerbeat_handled",
        metadata,
        Column("name", String(100), primary_key=True),
        Column("id", String(120), primary_key=True),
        Column("handled_at", BigInteger, nullable=False),
    )
    Table(
        "sellerbeat_failed",
        metadata,
        Column("name", String(100), primary_key=True),
        Column("id", String(120), primary_key=True),
        Column("type", String(100), nullable=False),
        Column("position", BigInteger),
        Column("times", Integer, nullable=False),
        Column("error", Text, nullable=False),
        Column("event", Text, nullable=False),
        Column("set_aside", Integer, nullable=False),
    )


class SqlAlchemyPosition(Generic[T]):
    """`SqlAlchemyPosition(sessionmaker(engine))`: handlers get a session; `SqlAlchemyPosition(engine)`: a connection.

    Args:
        begins: a `sessionmaker` or an engine.
        name: of the position, where an app has several.
        remember: for how long ids of handled events are kept, so that none is handled twice; None: not at all.
        own: where the position is, if not in `sellerbeat_position`.
        metadata: with the three tables, by `add_tables`; where they stand in a schema, `MetaData(schema=...)`.
    """

    def __init__(
        self,
        begins: Begins[T],
        name: str = "main",
        *,
        remember: timedelta | None = REMEMBERED,
        own: OwnMappedColumns | None = None,
        metadata: MetaData | None = None,
    ) -> None:
        self.name = name
        self._begins, self._remember, self._own = begins, remember, own
        self.metadata = metadata if metadata is not None else MetaData()
        add_tables(self.metadata)
        tables = {table.name: table for table in self.metadata.tables.values()}
        self._position, self._handled, self._failed = (tables[f"sellerbeat_{name}"] for name in ("position", "handled", "failed"))

    def create_tables(self) -> None:
        """Makes what is missing. Safe to repeat."""
        with self.transaction() as transaction:
            on: Any = transaction
            connection = on.connection() if callable(getattr(on, "connection", None)) else on
            self.metadata.create_all(connection, [self._position, self._handled, self._failed])

    def transaction(self) -> AbstractContextManager[T]:
        """As `Position` says."""
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[T]:
        with self._begins.begin() as transaction:
            if commits_by_itself(self._connection(transaction).connection.dbapi_connection):
                raise ValueError("the connection is in autocommit: position and results would not be kept together")
            yield transaction

    def read(self, transaction: T) -> Place | None:
        """As `Position` says."""
        if own := self._own:
            rows = self._execute(transaction, select(own.position, own.generation).where(own.where)).all()
            if len(rows) != 1:
                raise ValueError(f"{len(rows)} rows are where the position should be; it needs one")
        else:
            there = self._position.c
            rows = self._execute(transaction, select(there.position, there.generation).where(there.name == self.name)).all()
        return Place(int(rows[0][0]), rows[0][1] or "") if rows and rows[0][0] is not None else None

    def begin(self, transaction: T, place: Place) -> bool:
        """As `Position` says."""
        if own := self._own:
            position, generation = _column(own.position), _column(own.generation)
            values = {position: place.position, generation: place.feed}
            return self._changed(transaction, update(position.table).where(own.where, position.is_(None)), values) == 1
        if self.read(transaction) is not None:
            return False
        self._execute(transaction, insert(self._position), {"name": self.name, "position": place.position, "generation": place.feed})
        return True

    def lock(self, transaction: T) -> Place | None:
        """As `Position` says."""
        if own := self._own:
            position, here = _column(own.position), own.where
        else:
            position, here = self._position.c.position, self._position.c.name == self.name
        self._changed(transaction, update(position.table).where(here), {position: position})
        return self.read(transaction)

    @contextmanager
    def handling(self, transaction: T) -> Iterator[None]:
        """As `Position` says."""
        begun: Any = transaction
        nested = begun.begin_nested()
        try:
            yield
        except Exception as error:
            if not begun.in_transaction():
                raise TransactionEndedError from error
            raise
        try:
            nested.commit()
        except PendingRollbackError:  # a handler hid that its flush failed
            raise
        except InvalidRequestError as error:
            raise TransactionEndedError from error
        except DBAPIError as error:
            if isinstance(error.orig, Exception) and is_ended(error.orig):  # behind SQLAlchemy's back
                raise TransactionEndedError from error
            raise

    def move(self, transaction: T, before: Place, after: Place) -> bool:
        """As `Position` says."""
        if own := self._own:
            position, generation = _column(own.position), _column(own.generation)
            here = and_(own.where, position == before.position, func.coalesce(generation, "") == before.feed)
        else:
            there = self._position.c
            position, generation = there.position, there.generation
            here = and_(there.name == self.name, position == before.position, generation == before.feed)
        return self._changed(transaction, update(position.table).where(here), {position: after.position, generation: after.feed}) == 1

    @property
    def remembers(self) -> bool:
        """As `Position` says."""
        return self._remember is not None

    def known(self, transaction: T, ids: Sequence[str]) -> set[str]:
        """As `Position` says."""
        if not ids or not self.remembers:
            return set()
        there = self._handled.c
        return set(self._execute(transaction, select(there.id).where(there.name == self.name, there.id.in_(ids))).scalars())

    def remember(self, transaction: T, ids: Sequence[str]) -> None:
        """As `Position` says."""
        if ids and self.remembers:
            now = int(time.time())
            self._execute(transaction, insert(self._handled), [{"name": self.name, "id": one, "handled_at": now} for one in ids])

    def forget(self, transaction: T, *, all_ids: bool) -> None:
        """As `Position` says."""
        there = self._handled.c
        if all_ids:
            self._execute(transaction, delete(self._handled).where(there.name == self.name))
        elif self._remember is not None:
            last = int(time.time() - self._remember.total_seconds())
            self._execute(transaction, delete(self._handled).where(there.name == self.name, there.handled_at < last))

    def failed(self, transaction: T) -> list[FailedEvent]:
        """As `Position` says."""
        there = self._failed.c
        columns = (there.id, there.type, there.position, there.times, there.error, there.event, there.set_aside)
        rows = self._execute(transaction, select(*columns).where(there.name == self.name).order_by(there.position, there.id)).all()
        return [FailedEvent(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), bool(row[6])) for row in rows]

    def note_failed(self, transaction: T, failed: FailedEvent) -> None:
        """As `Position` says."""
        self.note_handled(transaction, [failed.id])
        values = {"id": failed.id, "type": failed.type, "position": failed.position, "times": failed.times, "error": failed.error}
        document = json.dumps(failed.event)
        values |= {"name": self.name, "event": document, "set_aside": int(failed.set_aside)}
        self._execute(transaction, insert(self._failed), values)

    def note_handled(self, transaction: T, ids: Collection[str]) -> None:
        """As `Position` says."""
        if ids:
            there = self._failed.c
            self._execute(transaction, delete(self._failed).where(there.name == self.name, there.id.in_(list(ids))))

    def _connection(self, transaction: Any) -> Connection:
        if isinstance(transaction, Connection):
            return transaction
        table = _column(self._own.position).table if self._own else self._position
        found: Connection = transaction.connection(bind_arguments={"clause": table})  # a session may have several
        return found

    def _changed(self, transaction: Any, statement: Any, values: dict[Any, Any]) -> int:
        """How many rows it changed."""
        return int(self._execute(transaction, statement.values(values)).rowcount)

    def _execute(self, transaction: Any, statement: Any, values: Any = None) -> Any:
        return transaction.execute(statement, values) if values is not None else transaction.execute(statement)


def _column(attribute: Any) -> Any:
    """The column of a mapped attribute, or itself."""
    return attribute.property.columns[0] if hasattr(attribute, "property") else attribute
