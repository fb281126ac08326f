"""How fast the client in Python hands events to an app: whole orders, typed, a row each, a transaction a batch, in Postgres."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import psycopg2
import pytest
from sellerbeat import DbApiPosition, Feed
from sellerbeat.events import OrderCreated
from sellerbeat.sqlalchemy import SqlAlchemyPosition
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from operations.catalogue.samples import sample
from tests.support.waiting import least

EVENTS, A_SECOND = 20_000, 5_000


def pages(request: httpx.Request) -> httpx.Response:
    after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
    event = json.dumps(sample("order.created"))[1:]
    rows = (f'{{"id": "e-{number}", "position": {number}, {event}' for number in range(after + 1, min(after + limit, EVENTS) + 1))
    found = list(rows)
    body = f'{{"changes": [{", ".join(found)}], "next": {after + len(found)}, "feed": "0"}}'
    return httpx.Response(200, text=body)


@pytest.mark.parametrize("kind", ["dbapi", "session"])
def test_five_thousand_events_a_second_are_written_to_postgres(empty_database: str, kind: str) -> None:
    numbers = iter(range(100))

    def took_s() -> float:
        name = f"run-{next(numbers)}"
        feed: Feed[Any] = Feed("http://sellerbeat", "t", batch=1000, transport=httpx.MockTransport(pages))
        if kind == "dbapi":
            position: Any = DbApiPosition(lambda: psycopg2.connect(empty_database), name)
        else:
            position = SqlAlchemyPosition(sessionmaker(create_engine(empty_database)), name)
        position.create_tables()
        with psycopg2.connect(empty_database) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS sales (id text, order_id text, total numeric); TRUNCATE sales")

        @feed.on("order.created")
        def sold(event: OrderCreated, transaction: Any) -> None:
            total = event.data.pricingSummary and event.data.pricingSummary.total and event.data.pricingSummary.total.value
            if isinstance(transaction, Session):
                transaction.execute(
                    text("INSERT INTO sales VALUES (:id, :order, :total)"), {"id": event.id, "order": event.entity_id, "total": total}
                )
            else:
                with transaction.cursor() as cursor:
                    cursor.execute("INSERT INTO sales VALUES (%s, %s, %s)", (event.id, event.entity_id, total))

        began = time.perf_counter()
        feed.run(position, until_idle=True)
        took = time.perf_counter() - began
        with psycopg2.connect(empty_database) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sales")
            assert cursor.fetchone() == (EVENTS,)
        return took

    took = least(took_s, EVENTS / A_SECOND)
    print(f"{kind}: {EVENTS / took:.0f} events a second")
    assert EVENTS / took > A_SECOND
