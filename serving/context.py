"""What pages and API work with: settings, the store in a few threads, Temporal when it is there, and who may come in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from temporalio.client import Client
from temporalio.service import RPCError

from operations.context import CommandContext
from operations.diagnosis import diagnose
from serving.access import Access
from serving.callers import Callers
from serving.change_waiter import ChangeWaiter
from serving.health_watch import HealthWatch
from serving.logged_out import LoggedOut
from serving.throttle import LogIns
from serving.turns import Turns
from settings import Settings
from store import Store
from store.reading.day import Day
from store.reading.news import NewChanges, news
from store.reading.overview import Overview
from workflows.client import TemporalUnavailableError, connect

THREADS = 4  # of the store, and as many that wait for others' servers; who comes fifth waits in the event loop, not for a connection
CONSENTS = 2  # that come back from eBay at a time, each in a thread of its own (pages/connected.py)
LOOKS = 2  # at health, at a time
CONNECTIONS = 2 * THREADS + CONSENTS + LOOKS + 1  # of the store: one is left for the check of health
CONNECT_S = 3.0
NOT_AGAIN_FOR_S = 3.0
WORKER_ASKED_EVERY_S, WORKER_AWAITED_S = 3.0, 0.05
P = ParamSpec("P")
T = TypeVar("T")


class SharedTemporalClient:
    """One client of Temporal for all, made when it is first needed. Where nobody answers, that is remembered for a moment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._client: Client | None = None
        self._trying: asyncio.Task[Client] | None = None
        self._failed: tuple[float, TemporalUnavailableError] | None = None

    async def client(self) -> Client:
        """Raises TemporalUnavailableError."""
        if self._client:
            return self._client
        now = asyncio.get_running_loop().time()
        if self._failed and now < self._failed[0] + NOT_AGAIN_FOR_S:
            raise TemporalUnavailableError(str(self._failed[1]))
        if self._trying is None:
            self._trying = asyncio.create_task(self._connect())
        return await asyncio.shield(self._trying)

    async def _connect(self) -> Client:
        try:
            async with asyncio.timeout(CONNECT_S):
                self._client = await connect(self._environment)
            return self._client
        except (TemporalUnavailableError, TimeoutError) as error:
            words = str(error) or "Temporal does not answer; is it running, and is TEMPORAL_ADDRESS right?"
            self._failed = asyncio.get_running_loop().time(), TemporalUnavailableError(words)
            raise self._failed[1] from None
        finally:
            self._trying = None


class WebContext(CommandContext):
    """A context that stays open: one store and one client of Temporal for all who come."""

    def __init__(self, settings: Settings, store: Store, environment: Mapping[str, str]) -> None:
        self.settings, self.store = settings, store
        self.namespace = environment.get("TEMPORAL_NAMESPACE") or "default"  # for links into Temporal's Web UI
        self.logged_out = LoggedOut(lambda: self.ask(store.ended_sessions.all), time.monotonic)
        self.access = Access(
            settings.admin_token.get_secret_value() if settings.admin_token else None,
            second=settings.admin_token_second.get_secret_value() if settings.admin_token_second else None,
            secure=(settings.public_url or "").startswith("https:"),
            logged_out=self.logged_out,
        )
        self.log_ins = LogIns(time.monotonic)
        self.callers = Callers(self.access, lambda token: self.ask(store.api_tokens.find, token), lambda: self.ask(store.api_tokens.hashes))
        self.overview, self.day = Overview(store.engine), Day(store.engine)
        self.change_waiter = ChangeWaiter(self._news)
        self._line = SharedTemporalClient(environment)
        self._threads, self.outside, self._check = CapacityLimiter(THREADS), CapacityLimiter(THREADS), CapacityLimiter(1)
        self._looks = CapacityLimiter(LOOKS)
        self.health = HealthWatch(lambda: diagnose(self))
        self.token_turns = Turns()  # of sellers whose access token an app asks for
        self.planning = asyncio.Lock()  # a forecast costs a second or two of CPU: one at a time
        self._worker: tuple[float, asyncio.Task[str | None]] | None = None

    async def temporal(self) -> Client:
        """Raises TemporalUnavailableError."""
        return await self._line.client()

    async def problem(self) -> str | None:
        """Why nobody is polled, if nobody works; None: a worker is there. Asked every few seconds at most, and never waited for long."""
        now = asyncio.get_running_loop().time()
        if self._worker is None or (now > self._worker[0] + WORKER_ASKED_EVERY_S and self._worker[1].done()):
            self._worker = now, asyncio.create_task(self._look_for_worker())
        done, _ = await asyncio.wait({self._worker[1]}, timeout=WORKER_AWAITED_S)
        return self._worker[1].result() if done else "Temporal has not answered yet"

    async def lacks_worker(self) -> bool:
        """Whether it is known that no worker answers, or no Temporal."""
        problem = await self.problem()
        return problem is not None and self._worker is not None and self._worker[1].done()

    async def _look_for_worker(self) -> str | None:
        try:
            if await self.has_worker(await self.temporal()):
                return None
        except (TemporalUnavailableError, RPCError):
            return "Temporal does not answer: is it running, and is TEMPORAL_ADDRESS right?"
        return f"Nobody works on task queue {self.settings.task_queue}: start worker.py"

    def token_revoked(self) -> None:
        """One was revoked here: it lets in nobody any more, and who waits with it is told so at once."""
        self.callers.forget_all()
        self.change_waiter.ring_all()

    async def ask(self, question: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Something of the store, in a thread."""
        return await to_thread.run_sync(partial(question, *args, **kwargs), limiter=self._threads)

    async def call_out(self, question: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """In a thread beside those of the store."""
        return await to_thread.run_sync(partial(question, *args, **kwargs), limiter=self.outside)

    async def look(self, question: Callable[[], T]) -> T:
        """In a thread beside all others, as what it asks may hang. Who gives up waits no longer; the thread ends with its time-outs."""
        return await to_thread.run_sync(question, abandon_on_cancel=True, limiter=self._looks)

    async def check(self, within_s: float) -> None:
        """Whether Postgres answers, by a thread and a connection of its own. Raises as `Store.check`, and TimeoutError."""
        async with asyncio.timeout(within_s):
            await to_thread.run_sync(self.store.check, abandon_on_cancel=True, limiter=self._check)

    def _news(self, known: int | None) -> Awaitable[NewChanges]:
        return self.ask(news, self.store.engine, known)
