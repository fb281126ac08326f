"""A month of a fleet, day by day with its retention: how large the tables become, and whether they stay so once their windows are full."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from domain.retention import Retention
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, held
from store import Store
from store.delivery.retention import RetentionStore

MEGABYTE = 1e6
LOOKS_A_DAY = 4  # of the retention: the worker has 24
FLAT = 1.1  # the largest size of the last days against that of the days when the windows had just filled
GROWING = ("poll_runs", "change_events", "deliveries")
SELLERS = text("""
    INSERT INTO sellerbeat.sellers (seller_id, enrollment, enrolled_at)
    SELECT 's-' || lpad(n::text, 4, '0'), gen_random_uuid(), :start FROM generate_series(1, :sellers) AS n
""")
# Of each seller: polls that found something, the changes that they found, and an attempt to deliver each.
PART_OF_DAY = (
    text("""
    INSERT INTO sellerbeat.poll_runs (seller_id, epoch, stream, source, started_at, finished_at, api_calls, changes)
    SELECT seller_id, :number * 1000 + i, 'orders', 'poll', at, at + interval '180 ms', 1, 2
    FROM generate_series(1, :polls) AS i, sellerbeat.sellers, LATERAL (SELECT :since + :long * i / (:polls + 1) AS at) AS t
    """),
    text("""
    INSERT INTO sellerbeat.change_events
        (position, id, seller_id, sequence, type, entity_id, version, occurred_at, detected_at, source, changed, previous, data)
    SELECT nextval('sellerbeat.positions'), gen_random_uuid(), seller_id, :number * 1000 + i, 'order.updated', 'o-' || i, 2, at, at, 'poll',
        '["orderPaymentStatus"]', '{"orderPaymentStatus": "PENDING"}', jsonb_build_object('filler', repeat('x', 300))
    FROM generate_series(1, :changes) AS i, sellerbeat.sellers, LATERAL (SELECT :since + :long * i / (:changes + 1) AS at) AS t
    ORDER BY at
    """),
    text("""
    INSERT INTO sellerbeat.deliveries (at, endpoint_id, seller_id, event_id, position, type, attempt, replayed, outcome, status, took_ms)
    SELECT at, 'ep-1', seller_id, 'event', i, 'order.updated', 1, false, 'delivered', 204, 12
    FROM generate_series(1, :changes) AS i, sellerbeat.sellers, LATERAL (SELECT :since + :long * i / (:changes + 1) AS at) AS t
    """),
)
SIZES_OF_TABLES = text("""
    SELECT t.name, (SELECT coalesce(sum(pg_total_relation_size(p.relid)), 0) FROM pg_partition_tree('sellerbeat.' || t.name) p) AS bytes,
        (SELECT count(*) FROM pg_partition_tree('sellerbeat.' || t.name) p WHERE p.isleaf) AS partitions
    FROM unnest(CAST(:names AS text[])) AS t (name)
""")


KEEP = Retention(events=timedelta(days=10), polls=timedelta(days=7), deliveries=timedelta(days=7))


@dataclass(frozen=True)
class Sizes:
    sellers: int = 1_000
    days: int = 30
    polls: int = 3  # of a seller, that found something, in a quarter of a day
    changes: int = 8
    keep: Retention = KEEP


QUICK = Sizes(sellers=100)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    keep = sizes.keep
    windows = f"changes for {keep.events.days} days, polls and attempts for {keep.polls.days}"
    title = f"{sizes.days} days of {sizes.sellers:,} sellers, {windows}"
    table = ResultTable(title, ["after day", *(f"{name}, MB" for name in GROWING), "partitions"])
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=sizes.days)
    found: list[dict[str, float]] = []
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        engine = store.engine.execution_options(isolation_level="AUTOCOMMIT")
        retention = RetentionStore(store.engine)
        with engine.connect() as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(SELLERS, {"start": start, "sellers": sizes.sellers})
        for day in range(sizes.days):
            for part in range(LOOKS_A_DAY):
                _live(engine, start + timedelta(days=day + part / LOOKS_A_DAY), day * LOOKS_A_DAY + part, sizes)
                while retention.forget(keep, start + timedelta(days=day + (part + 1) / LOOKS_A_DAY)):
                    pass
            with engine.connect() as connection:
                found.append(_sizes(connection))
            if day % 3 == 2 or day == sizes.days - 1:
                table.add(f"{day + 1}", *(f"{found[-1][name] / MEGABYTE:,.1f}" for name in GROWING), f"{found[-1]['partitions']:.0f}")
    table.notes += [_verdict(found, name, keep.events if name == "change_events" else keep.polls) for name in GROWING]
    return [table]


def _live(engine: Engine, since: datetime, number: int, sizes: Sizes) -> None:
    """A quarter of a day's rows, and the vacuum that follows them."""
    values = {"since": since, "long": timedelta(days=1 / LOOKS_A_DAY), "number": number, "polls": sizes.polls, "changes": sizes.changes}
    with engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        for statement in PART_OF_DAY:
            connection.execute(statement, {name: value for name, value in values.items() if f":{name}" in statement.text})
        connection.execute(text("VACUUM ANALYZE " + ", ".join(f"sellerbeat.{name}" for name in GROWING)))


def _sizes(connection: Connection) -> dict[str, float]:
    rows = connection.execute(SIZES_OF_TABLES, {"names": list(GROWING)}).all()
    return {row.name: float(row.bytes) for row in rows} | {"partitions": sum(row.partitions for row in rows)}


def _verdict(found: Sequence[dict[str, float]], name: str, window: timedelta) -> str:
    """The days after the window and the tenth of it that a partition may wait are compared in halves."""
    after = [one[name] for one in found[window.days + max(1, window.days // 10) :]]
    if len(after) < 2:
        return f"{name}: the window is longer than the days"
    first, last = max(after[: len(after) // 2]), max(after[len(after) // 2 :])
    return (
        f"{name}: at most {first / MEGABYTE:,.1f} MB, then {last / MEGABYTE:,.1f}: {last / first:.2f} (flat: {held(last / first < FLAT)})"
    )
