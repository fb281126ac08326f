"""The feed in an app's own tables: once each, in order, with a position that commits with what the app makes of the events."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from sellerbeat import DbApiPosition, Feed, HandlerFailedError, Place, TokenRefusedError
from sellerbeat.events import EVENTS, OrderCreated, UnknownEvent

from tests.clients.conftest import AppDatabase, Listening
from tests.clients.positions import KINDS, place_of, position_of, running, write
from tests.support.waiting import eventually_here


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_handled_once_and_in_order_wherever_the_position_is(web: Listening, app: AppDatabase, kind: str) -> None:
    position = position_of(app, kind)
    web.sell(*range(5))
    for batch in (3, 500, 500):  # another process each time
        feed = web.feed(batch=batch)
        feed.on("*")(write)
        feed.run(position, until_idle=True)
        web.sell(batch)

    web.sell(6)
    with running(feed, position):
        eventually_here(lambda: app.rows() == web.ids())
    assert place_of(position) == Place(web.store.feed.last(), "0")


@pytest.mark.parametrize(("kind", "first"), [("dbapi", 1), ("session", 4)])
def test_a_death_at_any_point_undoes_all_or_nothing(web: Listening, app: AppDatabase, kind: str, first: int) -> None:
    """Every sixth point here; each of them, by kill -9, in tests/system."""

    class Death(BaseException):
        pass

    web.sell(*range(2))
    for point in range(first, 100, 6):
        app.run("TRUNCATE handled; DROP TABLE IF EXISTS sellerbeat_position, sellerbeat_handled, sellerbeat_failed")
        position, left = position_of(app, kind), [point]

        def die_at(left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Death

        def handle(event: Any, transaction: Any, die_at: Callable[[], None] = die_at) -> None:
            write(event, transaction)
            die_at()

        for name in ("read", "begin", "lock", "known", "remember", "move"):
            setattr(position, name, dying(getattr(position, name), die_at))
        feed = web.feed(batch=3)
        feed.on("*")(handle)
        with suppress(Death):
            feed.run(position, until_idle=True)
        if left[0] > 0:
            break
        assert app.rows() == web.ids()[: len(app.rows())]
        feed.run(position, until_idle=True)
        assert app.rows() == web.ids()
    assert point > 20


def dying(function: Callable[..., Any], die: Callable[[], None]) -> Callable[..., Any]:
    def called(*given: Any, **named: Any) -> Any:
        die()
        answer = function(*given, **named)
        die()
        return answer

    return called


def test_two_consumers_of_one_position_handle_each_event_once(web: Listening, app: AppDatabase, caplog: pytest.LogCaptureFixture) -> None:
    position = position_of(app)
    feeds = [web.feed(batch=2) for _ in range(2)]
    for feed in feeds:
        feed.on("*")(write)
    with running(feeds[0], position) as first, running(feeds[1], position) as second:
        for number in range(15):
            web.sell(number)
        eventually_here(lambda: len(app.rows()) == 30)
    assert app.rows() == web.ids()
    assert first == second == []
    assert "another consumer has the same position" in caplog.text
    assert "a handler raised" not in caplog.text  # what the other one has handled is no fault of the app's


def test_stop_ends_a_wait_at_once_and_what_was_handled_is_kept(web: Listening, app: AppDatabase) -> None:
    position = position_of(app)
    feed = web.feed(wait_s=60)
    feed.on("*")(write)
    web.sell(1)
    with running(feed, position) as raised:
        eventually_here(lambda: len(app.rows()) == 2)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 30
    assert raised == []


def test_a_token_that_is_revoked_is_a_clear_error_also_while_it_waits(web: Listening, app: AppDatabase) -> None:
    from domain.scopes import Scope

    made = web.store.api_tokens.create("app", Scope.FEED, by="os:test", ebay=False, sellers=())
    feed: Feed[Any] = Feed(web.url, made.token, wait_s=10)
    feed.on("*")(write)
    web.sell(1)
    with running(feed, position_of(app)) as raised:
        eventually_here(lambda: len(app.rows()) == 2)
        web.store.api_tokens.revoke("app")
        web.context.token_revoked()
        eventually_here(lambda: raised)
    assert isinstance(raised[0], TokenRefusedError)
    assert raised[0].code == "unauthorized"
    assert made.token not in str(raised[0])


def test_handlers_get_typed_events_and_new_types_and_fields_pass(app: AppDatabase) -> None:
    feed: Feed[Any] = Feed("http://localhost", "t")
    got: list[Any] = []
    feed.on("order.created")(lambda event, _: got.append(event))
    feed.on("*")(lambda event, _: got.append(event))

    common = {"id": "1", "position": 1, "seller_id": "s", "sequence": 1, "entity_id": "o", "version": 1, "source": "poll", "changed": []}
    times = {"occurred_at": "2026-01-01T00:00:00Z", "detected_at": "2026-01-01T00:00:00Z"}
    new = {"type": "order.created", "previous": {}, "data": {"orderId": "o", "mood": "fine"}, "weather": "mild"}
    feed.handle({**common, **times, **new}, None)
    feed.handle({"id": "2", "type": "order.vanished", "new": 1}, None)

    assert isinstance(got[0], OrderCreated)
    assert (got[0].data.model_extra, got[0].model_extra) == ({"mood": "fine"}, {"weather": "mild"})
    assert got[0] == got[1]
    assert isinstance(got[2], UnknownEvent)


@pytest.mark.parametrize("kind", ["dbapi", "session"])
def test_a_handler_that_raises_is_told_how_often_and_its_event_is_set_aside_alone(web: Listening, app: AppDatabase, kind: str) -> None:
    position, heard = position_of(app, kind), list[int]()
    web.sell(*range(4))
    feed = web.feed(tries=3, then="set_aside")
    bad = web.ids()[3]

    @feed.on("*")
    def handle(event: Any, transaction: Any) -> None:
        write(event, transaction)
        if event.id == bad and len(heard) < 3:
            raise ValueError("not this one")

    feed.on_failure(lambda failed, _: heard.append(failed.times))
    feed.run(position, until_idle=True)

    assert heard == [1, 2, 3]
    assert app.rows() == [one for one in web.ids() if one != bad]
    with position.transaction() as transaction:
        (failed,) = position.failed(transaction)
    assert (failed.id, failed.times, failed.error, failed.set_aside) == (bad, 3, "ValueError: not this one", True)
    feed.retry(position, bad)
    assert sorted(app.rows()) == sorted(web.ids())
    with position.transaction() as transaction:
        assert position.failed(transaction) == []


def test_what_the_database_refuses_at_the_commit_is_found_and_the_count_outlives_the_process(web: Listening, app: AppDatabase) -> None:
    position = position_of(app)
    web.sell(*range(4))
    bad = web.ids()[5]
    app.run(f"INSERT INTO handled (id) VALUES ('{bad}')")  # the constraint is looked at with the commit
    for times in (2, 3):
        feed = web.feed(tries=2)
        feed.on("*")(write)
        with pytest.raises(HandlerFailedError) as raised:
            feed.run(position, until_idle=True)
        assert (raised.value.event_id, raised.value.times) == (bad, times)
        assert app.rows()[1:] == web.ids()[:5]

    app.run(f"DELETE FROM handled WHERE id = '{bad}'")
    feed.run(position, until_idle=True)
    assert app.rows() == web.ids()
    assert app.rows("SELECT count(*) FROM sellerbeat_failed") == [0]


def test_a_database_of_the_apps_that_is_away_is_waited_for(web: Listening, app: AppDatabase, caplog: pytest.LogCaptureFixture) -> None:
    away = [0]

    def connect() -> Any:
        if away[0] > 0:
            away[0] -= 1
            raise OSError("no database")
        return app.connect()

    position_of(app)
    position, feed = DbApiPosition(connect), web.feed()

    @feed.on("*")
    def handle(event: Any, connection: Any) -> None:
        write(event, connection)
        if len(caplog.records) == 0:
            away[0] = 3
            connection.close()

    web.sell(1, 2)
    with caplog.at_level(logging.WARNING):
        feed.run(position, until_idle=True)
    assert app.rows() == web.ids()
    assert away == [0]


def test_a_connection_that_commits_by_itself_is_refused(app: AppDatabase) -> None:
    def connect() -> Any:
        connection = app.connect()
        connection.autocommit = True
        return connection

    with pytest.raises(ValueError, match="autocommit"):
        DbApiPosition(connect).create_tables()


def test_the_feed_is_asked_for_what_is_handled_alone_and_for_all_where_a_type_may_be_new() -> None:
    def asked(*patterns: str) -> list[str]:
        feed: Feed[Any] = Feed("http://localhost", "t")
        for pattern in patterns:
            feed.on(pattern)(write)
        return feed.asked_types()

    assert asked("order.created", "inventory.*") == ["inventory.*", "order.created"]
    assert asked("order.created", "order.vanished") == asked("order.created", "*") == asked(*EVENTS) == []
