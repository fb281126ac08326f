"""Positions of every kind, and what an app does with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sellerbeat import DbApiPosition, Feed, OwnColumns, Place
from sellerbeat.sqlalchemy import OwnMappedColumns, SqlAlchemyPosition, add_tables
from sqlalchemy import BigInteger, Engine, MetaData, Text, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker
from sqlalchemy.pool import NullPool

from tests.clients.conftest import AppDatabase


class OwnBase(DeclarativeBase):
    pass


class AppSettings(OwnBase):
    __tablename__ = "app_settings"
    id: Mapped[int] = mapped_column(primary_key=True)
    feed_position: Mapped[int | None] = mapped_column(BigInteger)
    feed_generation: Mapped[str | None] = mapped_column(Text)


def engine_of(app: AppDatabase) -> Engine:
    return create_engine(app.url.replace("postgresql://", "postgresql+psycopg2://"), poolclass=NullPool)


def in_settings(app: AppDatabase) -> AppDatabase:
    app.run(
        "CREATE TABLE app_settings (id int PRIMARY KEY, feed_position bigint, feed_generation text); INSERT INTO app_settings VALUES (1)"
    )
    return app


def in_schema(app: AppDatabase) -> AppDatabase:
    app.run("CREATE SCHEMA shop")
    return app


def with_tables(schema: str) -> MetaData:
    """As an app's own metadata, to which it added the tables before."""
    metadata = MetaData(schema=schema)
    add_tables(metadata)
    return metadata


KINDS: dict[str, Callable[[AppDatabase], Any]] = {
    "dbapi": lambda app: DbApiPosition(app.connect),
    "dbapi, own columns": lambda app: DbApiPosition(
        in_settings(app).connect, own=OwnColumns("app_settings", "feed_position", "feed_generation", "id = 1")
    ),
    "engine": lambda app: SqlAlchemyPosition(engine_of(app)),
    "session": lambda app: SqlAlchemyPosition(sessionmaker(engine_of(app))),
    "session, in a schema": lambda app: SqlAlchemyPosition(sessionmaker(engine_of(in_schema(app))), metadata=with_tables("shop")),
    "session, own columns": lambda app: SqlAlchemyPosition(
        sessionmaker(engine_of(in_settings(app))),
        own=OwnMappedColumns(AppSettings.feed_position, AppSettings.feed_generation, where=AppSettings.id == 1),
    ),
}


def position_of(app: AppDatabase, kind: str = "dbapi") -> Any:
    position = KINDS[kind](app)
    position.create_tables()
    return position


def write(event: Any, transaction: Any) -> None:
    """A handler: into the app's own table, in the transaction that it is given."""
    if hasattr(transaction, "cursor"):
        with transaction.cursor() as cursor:
            cursor.execute("INSERT INTO handled (id, type) VALUES (%s, %s)", (event.id, event.type))
    else:
        transaction.execute(text("INSERT INTO handled (id, type) VALUES (:id, :type)"), {"id": event.id, "type": event.type})


def place_of(position: Any) -> Place | None:
    with position.transaction() as transaction:
        place: Place | None = position.read(transaction)
        return place


@contextmanager
def running(feed: Feed[Any], position: Any) -> Iterator[list[BaseException]]:
    """A consumer in a thread of its own; stopped at the end. What it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            feed.run(position)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        feed.stop()
        thread.join(60)
        assert not thread.is_alive()
