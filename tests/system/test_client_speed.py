"""How fast the client in Python hands events to an app: whole orders, typed, a row each, a transaction a batch, in Postgres."""

from __future__ import annotations

import json
import time
from contextlib import closing
from decimal import Decimal
from typing import Any

import httpx
import psycopg2
import pytest
from sellerbeat import DbApiPosition, Feed
from sellerbeat.events import OrderCreated
from sellerbeat.sqlalchemy import SqlAlchemyPosition
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from operations.catalogue.samples import sample
from tests.support.waiting import least

EVENTS, A_SECOND = 20_000, 5_000
REST = json.dumps({name: value for name, value in sample("order.created").items() if name not in ("id", "position")})[1:]


class SpeedBase(DeclarativeBase):
    pass


class SpeedSale(SpeedBase):
    __tablename__ = "sales"
    id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str]
    total: Mapped[Decimal | None]


def answer(request: httpx.Request) -> httpx.Response:
    after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
    end = min(after + limit, EVENTS)
    rows = ", ".join(f'{{"id": "e-{number}", "position": {number}, {REST}' for number in range(after + 1, end + 1))
    return httpx.Response(200, text=f'{{"changes": [{rows}], "next": {end}, "feed": "0"}}')


own_s: list[float] = []  # what the app's own statements take, a round trip an event; SQLAlchemy sends them together


def sold(event: OrderCreated, transaction: Any) -> None:
    summary = event.data.pricingSummary
    total = summary.total.value if summary and summary.total else None
    if isinstance(transaction, Session):
        transaction.add(SpeedSale(id=event.id, order_id=event.entity_id, total=total))
    else:
        began = time.perf_counter()
        with transaction.cursor() as cursor:
            cursor.execute("INSERT INTO sales VALUES (%s, %s, %s)", (event.id, event.entity_id, total))
        own_s.append(time.perf_counter() - began)


@pytest.mark.parametrize("kind", ["dbapi", "session"])
def test_five_thousand_events_a_second_are_written_to_postgres(empty_database: str, kind: str) -> None:
    engine = create_engine(empty_database.replace("postgresql://", "postgresql+psycopg2://"))
    numbers = iter(range(100))

    def took_s() -> float:
        name = f"run-{next(numbers)}"
        feed: Feed[Any] = Feed("http://sellerbeat", "t", batch=1000, transport=httpx.MockTransport(answer))
        feed.on("order.created")(sold)
        position: Any = SqlAlchemyPosition(sessionmaker(engine), name)
        if kind == "dbapi":
            position = DbApiPosition(lambda: psycopg2.connect(empty_database), name)
        position.create_tables()
        with closing(psycopg2.connect(empty_database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS sales (id text PRIMARY KEY, order_id text, total numeric); TRUNCATE sales")
        own_s.clear()
        began = time.perf_counter()
        feed.run(position, until_idle=True)
        took = time.perf_counter() - began - sum(own_s)
        with closing(psycopg2.connect(empty_database)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT id) FROM sales")
            assert cursor.fetchone() == (EVENTS,)
        return took

    took = least(took_s, EVENTS / A_SECOND)
    engine.dispose()
    own = "" if kind == "session" else f"; with the app's own statements {EVENTS / (took + sum(own_s)):.0f}"
    print(f"{kind}: {EVENTS / took:.0f} events a second{own}")  # noqa: T201 - the figure that the README has
    assert EVENTS / took > A_SECOND, f"{EVENTS / took:.0f} events a second"
