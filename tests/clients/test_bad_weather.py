"""A feed that is away, slow, too busy, or something else altogether."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sellerbeat import DbApiPosition, Feed, Place, ProblemError, TokenRefusedError
from sellerbeat.errors import ForbiddenError
from sellerbeat.pages import Question
from sellerbeat.wire import Backoff, retry_after_s

from tests.clients.conftest import SOON

Answer = Callable[[httpx.Request], httpx.Response]


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"e-{number}", "type": "order.vanished", "position": number, **fields}


def page(*numbers: int, after: int) -> httpx.Response:
    return httpx.Response(200, json={"changes": [event(one) for one in numbers], "next": max([after, *numbers]), "feed": "0"})


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": f"said {code}"}, headers=headers)


@pytest.fixture
def position(tmp_path: Path) -> DbApiPosition[sqlite3.Connection]:
    made = DbApiPosition(lambda: sqlite3.connect(tmp_path / "app.db"))
    made.create_tables()
    return made


def handled(position: DbApiPosition[sqlite3.Connection], *answers: httpx.Response | Exception, **given: Any) -> list[str]:
    """Ids of what is handled while these are answered, and then an empty page for ever."""
    left, got = list(answers), list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params["after"])
        one = left.pop(0) if left else page(after=after)
        if isinstance(one, Exception):
            raise one
        return one

    feed: Feed[Any] = Feed("https://sellerbeat.example", "sb_secret", retry_s=SOON, transport=httpx.MockTransport(answer), **given)
    feed.on("*")(lambda event, _: got.append(event.id))
    feed.run(position, until_idle=True)
    assert left == []
    return got


def test_whatever_passes_is_waited_for(position: DbApiPosition[sqlite3.Connection], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        got = handled(
            position,
            httpx.ConnectError("refused"),
            problem(503, "unavailable", **{"Retry-After": "0"}),
            problem(429, "too_many_requests", **{"Retry-After": "0.01"}),
            httpx.Response(200, text="<html>The proxy is being repaired</html>"),
            httpx.Response(504, text="<html>Gateway time-out</html>"),
            httpx.Response(200, json={"changes": [{"id": 1, "position": "1"}], "next": 1, "feed": "0"}),
            httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"cut off")),
            page(1, 2, after=0),
            httpx.ReadTimeout("slow"),
            page(3, after=2),
        )

    assert got == ["e-1", "e-2", "e-3"]
    assert len(caplog.records) == 8
    assert "sb_secret" not in caplog.text


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (problem(401, "unauthorized"), TokenRefusedError),
        (problem(403, "scope_lacking"), ForbiddenError),
        (httpx.Response(404, text="<html>Not here</html>"), ProblemError),
        (httpx.Response(302, headers={"location": "https://elsewhere.example"}), ProblemError),
        (httpx.Response(410, text="gone"), ProblemError),
    ],
)
def test_what_does_not_pass_is_a_clear_error_and_the_position_stays(
    position: DbApiPosition[sqlite3.Connection], answer: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        handled(position, page(1, after=0), answer)

    with position.transaction() as transaction:
        assert position.read(transaction) == Place(1, "0")
    assert "sb_secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_event_that_comes_twice_is_handled_once(position: DbApiPosition[sqlite3.Connection]) -> None:
    twice = httpx.Response(200, json={"changes": [event(1), {**event(2), "id": "e-1"}], "next": 2, "feed": "0"})

    assert handled(position, twice) == ["e-1"]
    again = httpx.Response(200, json={"changes": [{**event(3), "id": "e-1"}, event(4)], "next": 4, "feed": "0"})
    assert handled(position, again) == ["e-4"]


def test_an_event_that_is_none_is_set_aside_like_one_whose_handler_raises(position: DbApiPosition[sqlite3.Connection]) -> None:
    broken = {"id": "e-2", "type": "order.created", "position": 2, "data": {"orderId": "\0\ud800"}}
    changes = json.dumps({"changes": [event(1), broken, event(3)], "next": 3, "feed": "0"})

    got = handled(position, httpx.Response(200, text=changes), tries=1, then="set_aside")

    assert list(dict.fromkeys(got)) == ["e-1", "e-3"]  # the first one once more, as the transaction was undone that it was in
    with position.transaction() as transaction:
        (failed,) = position.failed(transaction)
    assert (failed.event, failed.set_aside) == (broken, True)


@pytest.mark.parametrize(("url", "token"), [("sellerbeat.example", "t"), ("https://a", ""), ("https://a", "t\n"), ("https://a", "tö")])
def test_what_is_no_address_and_no_token_is_said_at_once(url: str, token: str) -> None:
    with pytest.raises(ValueError, match=r"url:|token:") as raised:
        Feed(url, token)

    assert "tö" not in str(raised.value)


@pytest.mark.parametrize("pattern", ["", "order created", "orders.", "order..*", "order", "*.created", "order.*.new", "order.*.*", "**"])
def test_a_pattern_that_no_type_can_have_is_refused(pattern: str) -> None:
    feed: Feed[Any] = Feed("https://a", "t")
    with pytest.raises(ValueError, match=r"order\.created"):
        feed.on(pattern)


def test_a_coroutine_function_is_refused_where_it_is_named() -> None:
    feed: Feed[Any] = Feed("https://a", "t")

    async def handle(event: Any, transaction: Any) -> None: ...

    with pytest.raises(TypeError, match="handle is a coroutine function"):
        feed.on("*")(handle)


@pytest.mark.parametrize(("wait_s", "asked"), [(0, "0s"), (0.0001, "0.001s"), (0.25, "0.25s"), (20, "20s"), (59.9999, "60s")])
def test_a_wait_is_asked_for_as_the_feed_takes_it_and_never_as_none(wait_s: float, asked: str) -> None:
    assert ("wait", asked) in Question(Place(1, "0"), wait_s, 500).parameters()


def test_waits_grow_to_their_bound_and_are_never_shorter_than_asked_for() -> None:
    backoff = Backoff(1.0, 60.0)
    waits = [backoff.next_s() for _ in range(12)]

    assert all(0.5 * 2 ** min(tries, 6) * 0.9 <= wait <= 60 for tries, wait in enumerate(waits) if tries < 6)
    assert all(30 <= wait <= 60 for wait in waits[6:])
    assert backoff.next_s(100.0) >= 100
    backoff.over()
    assert backoff.next_s() <= 1
    assert [retry_after_s(text) for text in ("5", "", None, "soon", "-1")] == [5.0, None, None, None, 0.0]
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
