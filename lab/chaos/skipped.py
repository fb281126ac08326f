"""A fleet in skipped time: the worker's own activities under the sellers' own workflows, on a real Postgres and the simulated eBay.

Only Temporal is left out. `workflow`, as `workflows/seller_polling.py` calls it, is `skipped_workflow.py`'s, whose timers stand in a queue
here: days of a fleet pass as fast as its steps can be done. Postgres's clock is skipped too, so that all clocks agree, as they do in a
deployment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any, cast
from urllib.parse import quote

from cryptography.fernet import Fernet
from sqlalchemy import Connection, text
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

import worker
from activities.polling import waits
from activities.polling.poll import PollResult
from domain.pacing import Stream
from domain.streams import BY_STEP
from ebay.http import http_client
from lab.chaos.skipped_workflow import NEVER, ContinuedError, Suspension, WorkflowStandIn
from settings import Settings
from simulator import World, serve
from simulator.requests import Request
from store import Store
from workflows import seller_polling
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
A_MOMENT = timedelta(milliseconds=200)
MOST_AT_ONCE = 20_000  # turns of a workflow at one moment: more is a loop without an end
SEARCH_PATH = "skipped,public,pg_catalog"  # the first name that is found counts
# What asks for Postgres's time gets ours. It never falls: between two of our moments it runs on as it does.
CLOCK = """
    CREATE SCHEMA skipped;
    CREATE TABLE skipped.ahead (by interval NOT NULL);
    CREATE FUNCTION skipped.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM skipped.ahead)';
    CREATE FUNCTION skipped.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.now() + (SELECT by FROM skipped.ahead)';
"""
SET = "INSERT INTO skipped.ahead VALUES (CAST(:now AS timestamptz) - pg_catalog.clock_timestamp())"
AHEAD = "UPDATE skipped.ahead SET by = greatest(by, CAST(:now AS timestamptz) - pg_catalog.clock_timestamp())"
API = {"shipping_fulfillment": "orders", "order": "orders", "inventory_item": "inventory", "offer": "inventory"}  # eBay's names, and ours


@dataclass(frozen=True)
class StepRecord:
    """A step that is over."""

    at: datetime
    seller: str
    stream: Stream
    result: PollResult | None  # None: it failed


class SellerRun:
    """A workflow that runs."""

    def __init__(self, state: PollingState) -> None:
        self.begin(state)

    def begin(self, state: PollingState) -> None:
        self.workflow = SellerPolling(state)
        self.course: Coroutine[Any, Any, None] | None = self.workflow.run(state)
        self.wakes_at = NEVER


class SkippedFleet:
    def __init__(self, world: World, store: Store, settings: Settings, database: Connection, closing: ExitStack) -> None:
        self.closing = closing
        self.world, self.store, self.settings, self.database = world, store, settings, database
        self.moment = self.postgres_at = world.clock.now()  # finer than the world's clock; and what Postgres was set to
        database.execute(text(SET), {"now": self.moment})
        self.sellers: dict[str, SellerRun] = {}
        self.queue: list[tuple[datetime, int, str | Callable[[], object]]] = []
        self.numbers = count()
        self.threads = ThreadPoolExecutor(1)
        self.streams: dict[str, Stream] = dict(BY_STEP)
        self.activities = self.start_worker(settings)
        self.patience = float("inf")  # by this machine's clock
        self.broken_off: datetime | None = None
        self.polls: list[StepRecord] = []
        self.calls: dict[tuple[str, str, int], int] = {}  # by seller, API and the minute since the start
        self.observe: Callable[[Request], object] = lambda request: None
        world.faults.before_answer = self.count

    def start_worker(self, settings: Settings) -> dict[str, Callable[[Any], Any]]:
        """As `worker.py` builds it, with settings that may be others than before."""
        client = http_client(1)
        self.closing.callback(client.close)
        with replaced(worker, "Worker", lambda _, **parts: parts["activities"]), replaced(worker, "http_client", lambda _: client):
            built = cast(list[Callable[[Any], Any]], worker.build(cast(Any, None), settings, self.store, self.threads))
        self.activities = {activity.__name__: activity for activity in built}
        return self.activities

    def now(self) -> datetime:
        return self.moment

    def minute(self, at: datetime | None = None) -> int:
        return int(((at or self.now()) - START) / timedelta(minutes=1))

    def count(self, request: Request) -> None:
        key = request.seller, API.get(request.resource, request.resource), self.minute()
        self.calls[key] = self.calls.get(key, 0) + 1
        self.observe(request)

    def called(self, first: float = 0, last: float = float("inf"), seller: str | None = None, api: str | None = None) -> int:
        """Calls of minutes from `first` on, before `last`; token calls where they are named."""
        return sum(
            made
            for (who, what, minute), made in self.calls.items()
            if first <= minute < last and seller in (None, who) and (what == api or (api is None and not what.startswith("token")))
        )

    def enroll(self, seller: str, streams: tuple[Stream, ...], at: timedelta = timedelta(), backfill: timedelta | None = None) -> None:
        """As the command does it; the workflow begins after `at`."""
        now = self.now()
        since = now - backfill if backfill else None
        self.store.sellers.enroll(seller, self.world.refresh_token(seller), scopes=[], now_ebay=now, backfill_from=since, options={})
        self.at(now + at, lambda: self.start(seller, streams))

    def start(self, seller: str, streams: tuple[Stream, ...]) -> None:
        self.sellers[seller] = SellerRun(PollingState.new(seller, self.now(), streams))
        self.drive(seller)

    def signal(self, seller: str, name: str, *message: Any) -> None:
        getattr(self.sellers[seller].workflow, name)(*message)
        self.drive(seller)

    def at(self, moment: datetime, act: Callable[[], object]) -> None:
        """Something is done then."""
        heappush(self.queue, (moment, next(self.numbers), act))

    def run(self, lasting: timedelta) -> None:
        """All that falls due within this time, one after the other. What would take for ever is broken off."""
        end, turns = self.now() + lasting, 0
        while self.queue and self.queue[0][0] <= end:
            if time.monotonic() > self.patience:
                self.broken_off = self.broken_off or self.now()
                return
            moment, _, what = heappop(self.queue)
            if isinstance(what, str) and self.sellers[what].wakes_at != moment:
                continue  # woken before, by a signal
            turns = turns + 1 if moment <= self.now() else 0
            if turns > MOST_AT_ONCE:
                raise RuntimeError(f"{what} goes on and on at {moment}")
            self.move(moment)
            if isinstance(what, str):
                self.drive(what)
            else:
                what()
        self.move(end)

    def move(self, moment: datetime) -> None:
        if moment > self.now():
            self.moment = moment
            self.world.clock.set(moment)  # type: ignore[attr-defined]
            if moment - self.postgres_at > A_MOMENT:  # else it is close enough: clocks of machines differ more
                self.postgres_at = moment
                self.database.execute(text(AHEAD), {"now": moment})

    def drive(self, name: str) -> None:
        """One turn of a workflow: until it waits again."""
        seller = self.sellers[name]
        if seller.course is None:
            return
        try:
            seller.wakes_at = cast(Suspension, seller.course.send(None)).until
        except ContinuedError as continued:
            seller.begin(continued.state)
            seller.wakes_at = self.now()
        except StopIteration:
            seller.course, seller.wakes_at = None, NEVER
        if seller.wakes_at < NEVER:
            seller.wakes_at = max(seller.wakes_at, self.now())
            heappush(self.queue, (seller.wakes_at, next(self.numbers), name))

    def attempt(self, name: str, request: Any, attempt: int) -> Any:
        """
        Raises:
            ApplicationError: as Temporal makes one of whatever an activity raises.
        """
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=self.now(), attempt=attempt, activity_type=name)
        stream = self.streams.get(name)
        result = None
        try:
            result = environment.run(self.activities[name], request)
        except ApplicationError:
            raise
        except Exception as error:
            wait = getattr(error, "wait", None)  # as the worker's interceptor takes it
            raise waits.retry_error(error, wait) if wait else ApplicationError(str(error), type=type(error).__name__) from None
        finally:
            if stream:
                self.polls.append(StepRecord(self.now(), request.seller_id, stream, result if isinstance(result, PollResult) else None))
        return result


@contextmanager
def replaced(module: Any, name: str, by: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, by)
    try:
        yield
    finally:
        setattr(module, name, before)


@contextmanager
def skipped_fleet(database: str, world: World, **settings: Any) -> Iterator[SkippedFleet]:
    """
    Args:
        database: the URL of a migrated one that nobody else uses.
        world: at START, with a clock that is driven by hand.
        settings: as the environment would set them.
    """
    key = Fernet.generate_key().decode()
    with ExitStack() as stack:
        url = f"{database}{'&' if '?' in database else '?'}options={quote(f'-c search_path={SEARCH_PATH}')}"
        store = Store.connect(url, [key], pool_size=3)
        stack.callback(store.close)
        connection = stack.enter_context(store.engine.execution_options(isolation_level="AUTOCOMMIT").connect())
        connection.exec_driver_sql(CLOCK)
        running = stack.enter_context(serve(world))
        keys = {"ebay_client_id": world.accounts.client_id, "ebay_client_secret": world.accounts.client_secret}
        given = Settings(database_url=url, secret_keys=key, ebay_api_url=running.url, **{**keys, **settings})
        fleet = SkippedFleet(world, store, given, connection, stack)
        stack.enter_context(replaced(seller_polling, "workflow", WorkflowStandIn(fleet)))
        stack.callback(fleet.threads.shutdown)
        yield fleet
        for seller in fleet.sellers.values():
            if seller.course:
                seller.course.close()
