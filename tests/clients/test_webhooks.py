"""Deliveries, verified as the product signs them, by hand and in three frameworks."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as some
from sellerbeat import DbApiPosition, Feed, SignatureError
from sellerbeat.events import OrderRefunded
from sellerbeat.webhooks import verified, verify
from standardwebhooks import Webhook

from operations.catalogue.samples import sample
from tests.clients.conftest import AppDatabase
from tests.clients.positions import position_of

SECRET, OTHER = "whsec_" + "a2V5" * 8, "whsec_" + "b3RoZXIt" * 4


def signed(message: Any, *secrets: str, at: datetime | None = None, id_: str = "e-1") -> tuple[dict[str, str], bytes]:
    body, at = json.dumps(message).encode(), at or datetime.now(UTC)
    signatures = [Webhook(secret).sign(id_, at, body.decode()) for secret in secrets or (SECRET,)]
    headers = {"Webhook-Id": id_, "webhook-timestamp": str(int(at.timestamp())), "WEBHOOK-SIGNATURE": " ".join(signatures)}
    return headers, body


def delivery(type_: str = "order.refunded", **fields: Any) -> dict[str, Any]:
    return {"type": type_, "timestamp": "2026-01-01T00:00:00.000Z", "data": {**sample(type_), **fields}}


def test_a_delivery_is_a_typed_event_under_any_secret_that_is_still_good() -> None:
    for signs, knows in (([SECRET], SECRET), ([OTHER, SECRET], [SECRET]), ([SECRET], [OTHER, SECRET])):
        assert isinstance(verify(*signed(delivery(), *signs), knows), OrderRefunded)


@pytest.mark.parametrize(("off", "says"), [(timedelta(minutes=-7), "7 min old"), (timedelta(minutes=12), "12 min in the future")])
def test_a_clock_that_is_off_by_minutes_is_said_so(off: timedelta, says: str) -> None:
    headers, body = signed(delivery(), at=datetime.now(UTC) + off)

    with pytest.raises(SignatureError, match=f"{says}, and 5 min are borne: this machine's clock"):
        verify(headers, body, SECRET)
    verify(headers, body, SECRET, tolerance=timedelta(minutes=13))
    verify(*signed(delivery(), at=datetime.now(UTC) + off / 4), SECRET)


@examples(max_examples=25, deadline=None, database=None)
@given(some.data())
def test_nothing_that_was_changed_is_let_in(data: some.DataObject) -> None:
    headers, body = signed(delivery())
    what = data.draw(some.sampled_from(["id", "timestamp", "signature", "body", "secret"]))
    secret = SECRET
    if what == "body":
        at = data.draw(some.integers(0, len(body) - 1))
        body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    elif what == "secret":
        secret = OTHER
    else:
        name = next(one for one in headers if one.lower() == f"webhook-{what}")
        headers[name] = data.draw(some.one_of(some.just(headers[name] + "1"), some.text(max_size=40), some.just("v1,")))

    with pytest.raises(SignatureError):
        verified(headers, body, secret)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!", "secret", []])
def test_what_is_no_secret_is_said_and_not_shown(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret"):
        verify(*signed(delivery()), secret)


def test_text_is_no_body() -> None:
    headers, body = signed(delivery())
    with pytest.raises(TypeError, match="bytes as they came"):
        verify(headers, body.decode(), SECRET)  # type: ignore[arg-type]


Send = Callable[[dict[str, str], bytes], httpx.Response]


def in_flask(take: Any) -> Send:
    from flask import Flask
    from sellerbeat.flask import blueprint

    app = Flask("shop")
    app.register_blueprint(blueprint(take, [OTHER, SECRET]))
    client = httpx.Client(transport=httpx.WSGITransport(app, raise_app_exceptions=False), base_url="http://shop")
    return lambda headers, body: client.post("/sellerbeat", headers=headers, content=body)


def in_fastapi(take: Any) -> Send:
    from fastapi import FastAPI
    from sellerbeat.fastapi import router

    app = FastAPI()
    app.include_router(router(take, SECRET))

    async def post(headers: dict[str, str], body: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            return await client.post("/sellerbeat", headers=headers, content=body)

    return lambda headers, body: asyncio.run(post(headers, body))


def in_django(take: Any) -> Send:
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.urls import path
    from sellerbeat.django import view

    urls = type("Urls", (), {"urlpatterns": [path("sellerbeat", view(take, SECRET))]})
    if not settings.configured:
        settings.configure(ROOT_URLCONF=urls, ALLOWED_HOSTS=["shop"], SECRET_KEY="k", MIDDLEWARE=[], LOGGING_CONFIG=None)
        django.setup()
    client = httpx.Client(transport=httpx.WSGITransport(get_wsgi_application(), raise_app_exceptions=False), base_url="http://shop")
    return lambda headers, body: client.post("/sellerbeat", headers=headers, content=body)


@pytest.fixture
def took(tmp_path: Path) -> tuple[Feed[Any], Any, Callable[[], list[str]]]:
    """A feed whose handler writes, its receiver, and what was written."""
    position = DbApiPosition(lambda: sqlite3.connect(tmp_path / "app.db"))
    position.create_tables()
    feed: Feed[sqlite3.Connection] = Feed("http://localhost", "t")
    with position.transaction() as connection:
        connection.execute("CREATE TABLE handled (id TEXT, note TEXT)")

    @feed.on("order.*")
    def handle(event: Any, connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO handled (id) VALUES (?)", (event.id,))
        if event.seller_id == "bad":
            raise ValueError("not this one")

    def rows() -> list[str]:
        with position.transaction() as connection:
            return [row[0] for row in connection.execute("SELECT id FROM handled")]

    return feed, feed.receiver(position), rows


@pytest.mark.parametrize("framework", [in_flask, in_fastapi, in_django])
def test_each_framework_takes_what_is_signed_once_and_gives_back_what_failed(took: Any, framework: Callable[[Any], Send]) -> None:
    _, take, rows = took
    send = framework(take)

    for _ in range(2):
        assert send(*signed(delivery(id="e-1"))).status_code == 204
    assert send(*signed(delivery(id="e-2"), "whsec_" + "c3RyYW5nZXIh" * 3)).status_code == 401
    assert send(*signed(delivery(id="e-3", seller_id="bad"))).status_code == 500
    assert send(*signed(delivery("inventory.sold", id="e-4"))).status_code == 204  # nobody takes it
    assert send(*signed(delivery(id="test-1"))).status_code == 204
    assert send({}, b"").status_code == 401

    assert rows() == ["e-1"]


def test_an_event_whose_handler_hides_that_the_transaction_failed_is_not_taken(app: AppDatabase) -> None:
    """Postgres would roll it back at the commit without a word, and nobody would send it again."""
    feed: Feed[Any] = Feed("http://localhost", "t")

    @feed.on("order.refunded")
    def hides(event: OrderRefunded, connection: Any) -> None:
        with suppress(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    position = position_of(app)
    with pytest.raises(psycopg2.Error):
        feed.receiver(position)(delivery()["data"])

    with position.transaction() as transaction:
        assert position.known(transaction, [delivery()["data"]["id"]]) == set()


def test_what_a_thin_event_left_out_is_read_from_the_feed(tmp_path: Path) -> None:
    whole, got = {**sample("order.refunded"), "id": "e-9"}, list[Any]()
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json={"changes": [whole], "next": 1, "feed": "0"})

    position = DbApiPosition(lambda: sqlite3.connect(tmp_path / "app.db"))
    position.create_tables()
    feed: Feed[Any] = Feed("http://localhost", "t", transport=httpx.MockTransport(answer))
    feed.on("order.refunded")(lambda event, _: got.append(event))
    thin = {name: value for name, value in whole.items() if name not in ("data", "previous")}
    take = feed.receiver(position)

    take({**thin, "thin": True, "feed": "/v1/changes?after=7&limit=1"})
    with pytest.raises(LookupError):
        take({**thin, "id": "e-8", "thin": True, "feed": "https://elsewhere.example/v1/changes?"})

    assert isinstance(got[0], OrderRefunded)
    assert [url.path for url in asked] == ["/v1/changes"]
