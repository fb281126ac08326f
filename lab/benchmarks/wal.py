"""What a quiet poll leaves in Postgres: bytes of WAL, and what tables have grown by once they were vacuumed.

Each seller is polled once a round, in random order, mostly for orders. Whole pages are logged once after each checkpoint, so how many of a
page's rows are polled between two of them decides: with few sellers there is none, with many there is one a round, or several. The floor is
the least that a step with a lease can do: a row updated in one transaction, and updated again in another.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, create_engine, make_url, text

from domain.pacing import SellerPace, Stream, to_numbers
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable
from store import Store

STREAMS = [Stream.ORDERS] * 6 + [Stream.FULFILLMENT] * 2 + [Stream.INVENTORY]
FLOOR = """
    CREATE TABLE floor (id integer PRIMARY KEY, n integer NOT NULL, filler text) WITH (fillfactor = 50);
    INSERT INTO floor SELECT n, 0, repeat('x', 100) FROM generate_series(1, {sellers}) n
"""
SIZE = """
    SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace('sellerbeat')
"""


@dataclass(frozen=True)
class Sizes:
    scenes: tuple[tuple[int, int, int], ...] = ((60, 20, 0), (1000, 4, 1), (1000, 4, 3))  # sellers, rounds, checkpoints a round


QUICK = Sizes(scenes=((20, 4, 0), (60, 2, 1)))


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    table = ResultTable("what a quiet poll leaves in Postgres", ["sellers", "WAL, bytes", "the floor", "ratio", "growth, bytes"])
    engine = create_engine(make_url(servers.database_url).set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with closing(Store.connect(servers.database_url, [servers.secret_key], pool_size=1)) as store, engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        for number, (sellers, rounds, checkpoints) in enumerate(sizes.scenes):
            poll = QuietPolls(store, f"scene-{number}", sellers)
            wal, growth = _left(connection, poll.one, sellers, rounds, checkpoints)
            connection.execute(text(f"DROP TABLE IF EXISTS floor; {FLOOR.format(sellers=sellers)}"))
            floor, _ = _left(connection, lambda n, turn: _floor(connection, n), sellers, rounds, checkpoints)
            words = f"{sellers:,}, {checkpoints or 'no'} checkpoint{'' if checkpoints == 1 else 's'} a round"
            table.add(words, f"{wal:,.0f}", f"{floor:,.0f}", f"{wal / floor:.1f}", f"{growth:,.0f}")
    engine.dispose()
    return [table]


class QuietPolls:
    """Polls that find nothing, of so many sellers, as a step makes them: begun, and committed with what the next poll needs."""

    def __init__(self, store: Store, name: str, sellers: int) -> None:
        self.store, self.now = store, datetime.now(UTC)
        self.sellers = [f"{name}-{number:05}" for number in range(sellers)]
        for seller in self.sellers:
            store.sellers.enroll(seller, "no token " * 8, scopes=["one", "another"], now_ebay=self.now)
        for turn, stream in enumerate((*sorted(set(STREAMS)), Stream.ORDERS, Stream.ORDERS)):
            for seller in self.sellers:
                self.poll(seller, stream, turn)

    def one(self, number: int, turn: int) -> None:
        self.poll(self.sellers[number], random.choice(STREAMS), turn)

    def poll(self, seller: str, stream: Stream, turn: int) -> None:
        with self.store.commit(self.store.begin(seller, stream)) as commit:
            commit.count(calls=1)
            commit.advance(cursor=self.now + timedelta(minutes=5 * turn))
            pace = SellerPace(self.now.timestamp(), self.now.timestamp() + turn, *(random.random() for _ in range(6)))
            next_poll_at = self.now + timedelta(minutes=5 * turn + 5)
            why = f"quiet for {turn + 1} h: every 12 min"
            commit.complete(next_poll_at=next_poll_at, why=why, pace=None if stream is Stream.FULFILLMENT else to_numbers(pace))


def _floor(connection: Connection, number: int) -> None:
    for _ in range(2):
        connection.execute(text("UPDATE floor SET n = n + 1 WHERE id = :id"), {"id": number + 1})


def _left(connection: Connection, poll: Callable[[int, int], None], sellers: int, rounds: int, checkpoints: int) -> tuple[float, float]:
    """Bytes of WAL and of growth a poll."""
    connection.execute(text("VACUUM"))
    before, wal = connection.execute(text(SIZE)).scalar_one(), 0
    for turn in range(rounds):
        order = random.sample(range(sellers), sellers)
        began = connection.execute(text("SELECT pg_current_wal_insert_lsn()")).scalar_one()
        for turns, number in enumerate(order):
            if checkpoints and turns % -(-sellers // checkpoints) == 0:
                connection.execute(text("CHECKPOINT"))
            poll(number, turn + 3)
        wal += connection.execute(text("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), :began)"), {"began": began}).scalar_one()
    connection.execute(text("VACUUM"))
    growth = connection.execute(text(SIZE)).scalar_one() - before
    return float(wal) / (sellers * rounds), float(growth) / (sellers * rounds)
