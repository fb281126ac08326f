"""A worker says that it is there, whatever Temporal does, and what it finds of itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.health_facts import WorkerFindings
from store import Store, StoreUnavailableError
from store.schema.presence import PresenceAnswer
from tests.support.waiting import eventually
from workflows.presence import WorkerPresence

QUEUE = "presence-tests"


@dataclass
class FakeStore:
    """Takes words of a worker, or refuses them; `clock_off` from ours."""

    clock_off: timedelta = timedelta()
    opens_tokens: bool = True
    refuses: int = 0
    is_full: bool = False
    said: list[WorkerFindings] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    @property
    def presence(self) -> FakeStore:
        return self

    def record(self, worker: str, task_queue: str, findings: WorkerFindings) -> PresenceAnswer:
        if self.refuses:
            self.refuses -= 1
            raise StoreUnavailableError("Postgres is away")
        self.said.append(findings)
        return PresenceAnswer(datetime.now(UTC) + self.clock_off, self.opens_tokens)

    def disk_is_full(self) -> bool:
        return self.is_full

    def end(self, worker: str) -> None:
        self.ended.append(worker)


@dataclass
class FakeTemporal:
    """Says that it is well, or nothing for ever, or that it is away."""

    hangs: bool = False
    away: bool = False

    @property
    def service_client(self) -> FakeTemporal:
        return self

    async def check_health(self, **_: Any) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        return True


def presence(temporal: FakeTemporal, store: FakeStore) -> WorkerPresence:
    return WorkerPresence(cast("Client", temporal), cast("Store", store), QUEUE, timedelta(milliseconds=1))


async def test_a_temporal_that_hangs_hides_no_living_worker() -> None:
    store = FakeStore()
    keeping = asyncio.create_task(presence(FakeTemporal(hangs=True), store).keep())

    await eventually(lambda: len(store.said) > 2)
    keeping.cancel()


async def test_it_says_since_when_temporal_is_away_and_that_it_is_back() -> None:
    temporal, store = FakeTemporal(away=True), FakeStore()
    one = presence(temporal, store)

    await one.look()
    since = one.findings.temporal_since
    await one.look()
    await one.say()
    temporal.away = False
    await one.look()

    assert since is not None
    assert (store.said[-1].temporal_since, one.findings.temporal_since) == (since, None)


async def test_keys_that_open_no_token_are_said_at_once_and_no_more_once_they_do() -> None:
    store = FakeStore(opens_tokens=False)
    one = presence(FakeTemporal(), store)

    await one.say()
    bad = [found.keys_since is not None for found in store.said]
    store.opens_tokens = True
    await one.say()

    assert bad == [False, True]
    assert store.said[-1].keys_since is None


async def test_a_full_disk_is_said_at_once_and_no_more_once_there_is_room() -> None:
    store = FakeStore(is_full=True)
    one = presence(FakeTemporal(), store)

    await one.say()
    full = [found.disk_full_since is not None for found in store.said]
    store.is_full = False
    await one.say()

    assert full == [False, True]
    assert store.said[-1].disk_full_since is None


async def test_a_clock_that_is_off_is_said_and_a_second_is_none() -> None:
    off, well = FakeStore(clock_off=timedelta(minutes=-5)), FakeStore(clock_off=timedelta(seconds=1))
    for store in (off, well):
        one = presence(FakeTemporal(), store)
        await one.say()
        await one.say()

    assert 298 <= off.said[-1].clock_off_s <= 302 + 60
    assert well.said[-1].clock_off_s == 0


async def test_a_worker_is_ready_once_postgres_took_a_word_and_no_more_while_it_takes_none() -> None:
    store = FakeStore()
    one = presence(FakeTemporal(), store)
    ready = [one.readiness()["ready"]]
    for refuses in (0, 1, 0):
        store.refuses = refuses
        await one.say()
        ready.append(one.readiness()["ready"])
    one.taken_at -= 31  # and since then one hangs

    assert [*ready, one.readiness()["ready"]] == [False, True, False, True, False]


async def test_a_database_that_takes_no_word_ends_nothing() -> None:
    store = FakeStore(refuses=3)
    one = presence(FakeTemporal(), store)
    keeping = asyncio.create_task(one.keep())

    await eventually(lambda: store.said)
    keeping.cancel()
    await one.end()

    assert store.ended == [one.id]


async def test_schedules_that_are_missing_or_paused_are_found(temporal: Client) -> None:
    from workflows.schedules import lacking_schedules, planner_id, schedule

    before, _ = await lacking_schedules(temporal, QUEUE)
    await schedule(temporal, QUEUE)
    await temporal.get_schedule_handle(planner_id(QUEUE)).pause()

    assert len(before) == 3
    assert await lacking_schedules(temporal, QUEUE) == ([], [planner_id(QUEUE)])
