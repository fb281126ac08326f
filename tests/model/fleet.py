"""Sellers polled as their workflows would poll them, by clocks that only the test moves: ours, Postgres's and eBay's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
from sqlalchemy import text
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.polling.poll import Poll, PollResult
from activities.quota.permits import LIMITS
from domain.pacing import Stream
from domain.streams import POLLED
from ebay.clock import EbayClock
from ebay.errors import EbayError, RejectedError
from store import Store, StoreError
from tests.model.moments import Died, Moments, Watched
from tests.support.databases import EMPTY
from tests.support.in_process import InProcess
from tests.support.manual_world import ManualWorld
from tests.support.postgres_clock import PostgresClock
from tests.support.rig import START, Rig
from workflows.state import PollingState

OVERLAP = timedelta(minutes=5)
ATTEMPTS = 3  # as the activities' retry policy has it
NO_TIME = timedelta()
MISSED = text("SELECT coalesce(sum(missed), 0) FROM sellerbeat.poll_runs")
STREAMS = text("SELECT seller_id, stream, cursor FROM sellerbeat.streams")


class Fleet(Rig):
    def __init__(self, store: Store, clock: PostgresClock) -> None:
        super().__init__(ManualWorld(now=START), "http://ebay.test", store, OVERLAP)
        self.http.close()
        self.http = httpx.Client(transport=InProcess(lambda: self.world))
        self.clock, self.moments = clock, Moments(store.engine)
        ebay, oauth = self.activities[Stream.ORDERS].__self__.steps.ebay, self.tokens.oauth  # type: ignore[attr-defined]
        identity = self.steps.owners.identity
        assert identity is not None
        identity.exchange.http = self.http
        for owner, tokens in ((ebay, False), (oauth, True)):
            owner.exchange.http = self.http
            owner.exchange = Watched(owner.exchange, self.moments, tokens)

    def begin(self, seed: int, skew: timedelta) -> None:
        """A new world and an empty database."""
        self.moments.spare()
        self.world = ManualWorld(seed=seed, now=START)
        with self.store.engine.begin() as connection:
            connection.execute(text(EMPTY))
        self.store.permits.ensure(LIMITS)
        self.forget()
        self.states: dict[str, PollingState] = {}
        self.steps.ebay.times = EbayClock()  # nothing is known of this world's clock
        self.now, self.skew, self.jump, self.postgres_skew = START, skew, NO_TIME, NO_TIME
        self.rejected = 0
        self.wait(NO_TIME)

    def forget(self) -> None:
        """What a process that died knew of tokens, and held of permits."""
        self.tokens.known.clear()
        self.tokens.refused.clear()
        self.steps.permits.held.clear()

    def wait(self, by: timedelta) -> None:
        self.now += by
        self.world.clock.set(self.now + self.skew + self.jump)
        self.clock.set(self.now + self.postgres_skew)

    # what people do

    def start(self, seller: str) -> None:
        self.states[seller] = PollingState.new(seller, self.now)

    def reconnect(self, seller: str) -> None:
        generation = self.store.tokens.replace(seller, self.world.accounts.renew(seller), [])
        self.states[seller].connected(generation)

    def resume(self, seller: str) -> None:
        self.states[seller].paused = None
        self.states[seller].hurry(POLLED, "resumed")

    # what a workflow does

    def wake(self, seller: str) -> None:
        """All that is due, one after another: `SellerPolling.run` between two sleeps."""
        state = self.states[seller]
        for _ in range(300):
            if not (due := state.due(self.now)):
                return
            self.poll_as_due(seller, due[0])
        raise AssertionError(f"{seller} is never done: {state.due(self.now)}")

    def poll_as_due(self, seller: str, stream: Stream) -> None:
        state = self.states[seller]
        began = self.now
        request = state.request(stream, began)
        state.streams[stream].asked = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = self.attempt(request, stream)
            except Died:
                self.forget()
                self.wait(timedelta(seconds=11))
            except ApplicationError as error:
                if error.type != "DeadTokenError" or not error.non_retryable:
                    raise
                if error.details[0] >= state.generation:
                    state.dead = error.type
                return
            except (EbayError, StoreError) as error:
                self.rejected += isinstance(error, RejectedError)
                if attempt == ATTEMPTS or isinstance(error, RejectedError):
                    state.failed(stream, f"{type(error).__name__}: {error}", self.now)
                    return
                self.wait(timedelta(seconds=attempt))
            else:
                state.polled(stream, request, result, self.now, began)
                return
        state.failed(stream, "TimeoutError", self.now)

    def attempt(self, request: Poll, stream: Stream) -> PollResult:
        """An activity's attempt. Its few milliseconds are none here, so that a run can be repeated."""
        self.moments.running = stream
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=self.now)
        result: PollResult = environment.run(self.activities[stream], request)
        self.moments.passed()  # the answer is on its way to Temporal
        self.moments.running = None
        return result.model_copy(update={"next_due": self.now}) if result.more else result

    def poll_once(self, seller: str, stream: Stream) -> None:
        """That stream alone, where the seller is polled at all."""
        self.states[seller].streams[stream].asked = True
        if stream in self.states[seller].due(self.now):
            self.poll_as_due(seller, stream)

    def interrupted(self, seller: str, stream: Stream, between: Callable[[], None]) -> None:
        """A poll whose every step ends after the call in hand."""
        state = self.states[seller]
        for _ in range(5):
            state.streams[stream].asked = True
            if stream not in state.due(self.now):
                return
            request = state.request(stream, self.now).model_copy(update={"announced": False, "until": self.now})
            with suppress(EbayError, StoreError, ApplicationError):
                if not self.attempt(request, stream).more:
                    return
            between()
            self.wait(timedelta(seconds=1))

    def hang(self, seller: str, stream: Stream, call: int, meanwhile: Callable[[], None]) -> None:
        """An attempt that hangs around its n-th call until others are through. Nobody hears what it says: Temporal gave it up."""
        self.moments.calls_left, self.moments.meanwhile = call, meanwhile
        with suppress(EbayError, StoreError, ApplicationError):
            self.attempt(self.states[seller].request(stream, self.now), stream)
        self.moments.spare()

    # how it stands

    def cursors(self) -> dict[tuple[str, str], datetime | None]:
        with self.store.engine.connect() as connection:
            return {(row.seller_id, row.stream): row.cursor for row in connection.execute(STREAMS)}

    def missed(self) -> int:
        with self.store.engine.connect() as connection:
            return int(connection.execute(MISSED).scalar_one())
