"""The app's transaction, which handlers are given: who ends it, and who else works in it."""

from __future__ import annotations

import logging
import pickle
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sellerbeat import DbApiPosition, Feed, Place, TransactionEndedError
from sellerbeat.drivers import commits_by_itself
from sellerbeat.errors import FeedGoneError, HandlerFailedError
from sellerbeat.sqlalchemy import SqlAlchemyPosition
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from tests.clients.conftest import AppDatabase, Listening
from tests.clients.positions import engine_of, place_of, position_of, running, write
from tests.support.waiting import eventually_here


@pytest.mark.parametrize(("how", "at"), [("rollback", 3), ("commit", 3), ("rollback", 5)])
@pytest.mark.parametrize("kind", ["dbapi", "engine", "session"])
def test_a_handler_that_ends_the_transaction_is_found_and_no_event_is_lost(
    web: Listening, app: AppDatabase, kind: str, how: str, at: int
) -> None:
    position, feed = position_of(app, kind), web.feed()
    web.sell(1, 2, 3)
    ends = web.ids()[at]

    @feed.on("*")
    def handle(event: Any, transaction: Any) -> None:
        write(event, transaction)
        if event.id == ends:
            getattr(transaction, how)()

    with pytest.raises(TransactionEndedError, match="leave commit and rollback to the feed"):
        feed.run(position, until_idle=True)
    assert place_of(position) == Place(0, "")

    app.run("TRUNCATE handled")  # of what was committed against the rules, the app has to know by itself
    mended = web.feed()
    mended.on("*")(write)
    mended.run(position, until_idle=True)
    assert app.rows() == web.ids()


def test_the_same_where_an_event_is_delivered_or_tried_again(web: Listening, app: AppDatabase) -> None:
    position, feed, ends = position_of(app), web.feed(tries=1, then="set_aside"), [False]

    @feed.on("order.created")
    def handle(event: Any, connection: Any) -> None:
        if not ends:
            raise ValueError("not yet")
        write(event, connection)
        if ends[0]:
            connection.rollback()

    web.sell(1, 2)
    delivered, other = (one for one in web.store.feed.read() if one["type"] == "order.created")
    take = feed.receiver(position)
    for ends[0] in (True, False):
        if ends[0]:
            with pytest.raises(TransactionEndedError):
                take(delivered)
        else:
            take(delivered)
            take(delivered)
    assert app.rows() == [delivered["id"]]

    ends.clear()
    feed.run(position, until_idle=True)
    ends.append(True)
    with pytest.raises(TransactionEndedError):
        feed.retry(position, other["id"])
    ends[0] = False
    feed.retry(position, other["id"])
    assert app.rows() == [delivered["id"], other["id"]]
    with pytest.raises(KeyError):
        feed.retry(position, other["id"])


def test_a_handler_may_have_savepoints_of_its_own(web: Listening, app: AppDatabase) -> None:
    position, feed = position_of(app), web.feed()

    @feed.on("*")
    def handle(event: Any, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT mine")
            write(event, connection)
            cursor.execute("ROLLBACK TO SAVEPOINT mine; RELEASE SAVEPOINT mine")
            write(event, connection)

    web.sell(1)
    feed.run(position, until_idle=True)
    assert app.rows() == web.ids()


def test_what_is_set_aside_alone_can_be_tried_again(web: Listening, app: AppDatabase) -> None:
    position, feed = position_of(app), web.feed(tries=2)

    @feed.on("*")
    def handle(event: Any, connection: Any) -> None:
        raise ValueError("not this one")

    web.sell(1)
    with pytest.raises(HandlerFailedError):
        feed.run(position, until_idle=True)
    with pytest.raises(KeyError):  # it is the next that `run` takes, and would be handled out of its turn
        feed.retry(position, web.ids()[0])


def test_a_run_and_a_receiver_of_the_same_position_wait_for_each_other(
    web: Listening, app: AppDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    position, feed, begun, goes_on = position_of(app), web.feed(), threading.Event(), threading.Event()

    @feed.on("order.created")
    def handle(event: Any, connection: Any) -> None:
        write(event, connection)
        if threading.current_thread().name == "delivering":
            begun.set()
            goes_on.wait(60)

    web.sell(1)
    feed.run(position, until_idle=True)
    web.sell(2)
    (event,) = [one for one in web.store.feed.read()[-2:] if one["type"] == "order.created"]
    delivering = threading.Thread(target=feed.receiver(position), args=(event,), name="delivering")
    delivering.start()
    assert begun.wait(60)
    with running(feed, position) as raised:
        eventually_here(lambda: app.rows("SELECT count(*) FROM pg_locks WHERE NOT granted") != [0])
        goes_on.set()
        eventually_here(lambda: place_of(position) == Place(web.store.feed.last(), "0"))
    delivering.join(60)
    assert len(app.rows()) == len(set(app.rows())) == 2
    assert raised == []
    assert "a handler raised" not in caplog.text


def test_a_thin_event_that_was_handled_is_not_read_again(web: Listening, app: AppDatabase) -> None:
    position, feed = position_of(app), web.feed()
    feed.on("*")(write)
    web.sell(1)
    feed.run(position, until_idle=True)
    nowhere: Feed[Any] = Feed("http://127.0.0.1:9", "t")
    nowhere.on("*")(write)

    nowhere.receiver(position)({"id": web.ids()[0], "type": "order.created", "thin": True, "feed": "/v1/changes?after=0&limit=1"})

    assert app.rows() == web.ids()


def test_what_a_handler_raised_is_not_hidden_by_a_rollback_that_fails(app: AppDatabase) -> None:
    class Lost:
        """A connection that is gone when it is to be rolled back."""

        def rollback(self) -> None:
            raise OSError("the connection is lost")

        def close(self) -> None: ...

    with pytest.raises(ValueError, match="not this one"), DbApiPosition(Lost).transaction():
        raise ValueError("not this one")


def test_what_a_handler_raised_keeps_its_cause_where_the_database_failed_too(web: Listening, app: AppDatabase) -> None:
    feed = web.feed()

    @feed.on("order.created")
    def handle(event: Any, connection: Any) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        except psycopg2.Error as error:
            raise ValueError("not this one") from error

    web.sell(1)
    with pytest.raises(ValueError, match="not this one") as raised:
        feed.receiver(position_of(app))(next(one for one in web.store.feed.read() if one["type"] == "order.created"))
    assert isinstance(raised.value.__cause__, psycopg2.Error)


class Asks:
    """As PyMySQL's and mysqlclient's connections: `autocommit` sets it, and another method says it."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def autocommit(self, on: bool) -> None:
        self.on = on

    def get_autocommit(self) -> bool:
        return self.on


def test_connections_that_commit_by_themselves_are_known_whatever_their_driver(app: AppDatabase, tmp_path: Path) -> None:
    file = tmp_path / "app.db"
    with closing(sqlite3.connect(file)) as usual, closing(sqlite3.connect(file, isolation_level=None)) as itself:
        assert (commits_by_itself(usual), commits_by_itself(itself)) == (False, True)
        itself.execute("BEGIN")  # the app does it by hand
        assert not commits_by_itself(itself)
    assert (commits_by_itself(Asks(on=True)), commits_by_itself(Asks(on=False))) == (True, False)
    with closing(app.connect()) as connection:
        assert not commits_by_itself(connection)

    engine = engine_of(app).execution_options(isolation_level="AUTOCOMMIT")
    lite = create_engine(f"sqlite:///{file}", isolation_level="AUTOCOMMIT")
    for begins in (engine, sessionmaker(engine), lite):
        with pytest.raises(ValueError, match="autocommit"):
            SqlAlchemyPosition(begins).create_tables()
    lite.dispose()


@pytest.mark.parametrize("begins", [lambda engine: engine, sessionmaker])
def test_sqlite_behind_sqlalchemy_is_a_database_too(web: Listening, tmp_path: Path, begins: Callable[[Any], Any]) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'app.db'}")
    position, feed, got = SqlAlchemyPosition(begins(engine)), web.feed(batch=3), list[str]()
    position.create_tables()
    feed.on("*")(lambda event, _: got.append(event.id))
    web.sell(1, 2)
    feed.run(position, until_idle=True)
    feed.run(position, until_idle=True)
    engine.dispose()
    assert got == web.ids()


def test_a_machine_on_which_nothing_can_be_asked_is_an_error_and_no_endless_wait(
    app: AppDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    position = position_of(app)
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/authorities.pem")
    feed: Feed[Any] = Feed("https://sellerbeat.example", "t")
    feed.on("*")(write)
    with caplog.at_level(logging.WARNING), pytest.raises(OSError, match="No such file"):
        feed.run(position, until_idle=True)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "error", [FeedGoneError("forgotten", 3, 9, "0"), HandlerFailedError("e-1", "order.created", 4, 5), TransactionEndedError()]
)
def test_errors_pass_from_one_process_to_another(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
