"""The feed into the app's own tables: every event once, in order, whatever dies when. Read `run` first.

What a handler writes and the position that says so are one transaction of the app's. So a kill at any point undoes both or neither.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from sellerbeat.batches import After, Batches, Policy
from sellerbeat.errors import (
    FeedGoneError,
    GoneError,
    PositionMovedError,
    ProblemError,
    SellerbeatError,
    UnreachableError,
)
from sellerbeat.handlers import Handlers
from sellerbeat.pages import FeedReader, Question
from sellerbeat.position import FailedEvent, Place, Position
from sellerbeat.wire import AGAIN, Backoff

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger("sellerbeat")
T = TypeVar("T")
GoOn: TypeAlias = Literal["oldest", "anew", "latest", "stop"]
A_DAY_S = 86_400.0


@dataclass(frozen=True)
class Gone:
    """The feed does not go on behind `place`: what follows it was not kept, or the database was restored.

    `oldest`, `latest`: where all begins that is kept, and where the feed ends now; `feed`: its generation. `restored`: it is another feed.
    """

    place: Place
    oldest: int
    latest: int
    feed: str
    detail: str

    @property
    def restored(self) -> bool:
        """Whether the database was restored: what was handled may have been undone, and is told again under other ids."""
        return self.place.feed not in ("", self.feed)


class Feed(Handlers[T]):
    """`feed = Feed(url, token)`, functions under `@feed.on(...)`, then `feed.run(position)`.

    Args:
        url: where web.py listens.
        token: of scope feed.
        sellers: of these alone; none: of all.
        begin: for an app that has no position yet: at the `oldest` event that is kept, or with what comes from now on (`latest`).
        gone: where the feed does not go on behind the position (410): `stop` raises FeedGoneError; `oldest` begins with the oldest that is
            kept, without events whose ids were handled; `anew` does so with all of them, once the app forgot what it made of them;
            `latest` skips to what comes from now on. Or a function that gets `Gone` and the transaction, and returns one of these.
        tries: how often a handler may raise for one event before `then` is done.
        then: `stop` raises HandlerFailedError; `set_aside` keeps the event in `sellerbeat_failed` and goes on.
        batch: events of one transaction, 1000 at most.
        wait_s: how long a request waits for something new, 1 to 60.
        retry_s: the first and the longest wait before something is tried again.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        sellers: Sequence[str] = (),
        begin: Literal["oldest", "latest"] = "oldest",
        gone: Literal["oldest", "latest", "stop"] | Callable[[Gone, T], GoOn] = "stop",
        tries: int = 5,
        then: Literal["set_aside", "stop"] = "stop",
        batch: int = 500,
        wait_s: float = 20.0,
        retry_s: tuple[float, float] = (1.0, 60.0),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__()
        if not callable(gone) and gone not in ("oldest", "latest", "stop"):
            raise ValueError("gone: oldest, latest, stop, or a function; only a function can begin anew, as it forgets what the app has")
        if not 1 <= batch <= 1000 or not 1 <= wait_s <= 60 or tries < 1:
            raise ValueError("batch: 1 to 1000; wait_s: 1 to 60; tries: 1 and more")
        self._reader = FeedReader(url, token, transport)
        self._sellers, self._begin, self._gone = tuple(sellers), begin, gone
        self._batch, self._wait_s, self._retry_s = batch, wait_s, retry_s
        self._policy = Policy(tries, then, retry_s)
        self._stopped, self._forget_at = False, 0.0

    def on_failure(self, decide: Callable[[FailedEvent, Exception], After | None]) -> Callable[[FailedEvent, Exception], After | None]:
        """`@feed.on_failure`: told each time that a handler raised, with how often it did. May return what to do in place of what `Feed`
        was told: "retry", "set_aside" or "stop"."""
        self._policy.decide = decide
        return decide

    def stop(self) -> None:
        """Ends `run` once what is in hand is committed, and any wait at once. For signal handlers and other threads."""
        self._stopped = True
        self._reader.wake()

    def run(self, position: Position[T], *, until_idle: bool = False) -> None:
        """Hands every event to its handlers, until `stop`; with `until_idle` until there is no more just now.

        Connections that are lost, 429 and 503 are waited for, and a database that is away.

        Raises:
            TokenRefusedError: the token was revoked, or never was one.
            FeedGoneError: 410, and the app did not choose how to go on.
            HandlerFailedError: a handler raised too often, and the app chose to stop.
            TransactionEndedError: a handler committed or rolled back.
            ProblemError: refused for another reason.
            Exception: the driver's, where not even the first look at the position succeeds.
        """
        try:
            self._run(position, until_idle)
        finally:
            self._stopped = False
            self._reader.close()

    def _run(self, position: Position[T], until_idle: bool) -> None:
        batches = Batches(position, self, self._policy, self._reader.sleep)
        place = batches.looked()
        self._reader.open()
        again = Backoff(*self._retry_s)
        wait_s = 0 if until_idle else self._wait_s
        while not self._stopped:
            try:
                if place is None:
                    place = self._begin_at(position)
                before, place = place, self._step(batches, place, wait_s)
                again.over()
                if place and place != before:
                    logger.info("handled up to position %d", place.position)
            except PositionMovedError:
                logger.warning("another consumer has the same position; going on from where it stands")
                place = self._looked(batches, again, place)
            except (ProblemError, UnreachableError) as error:
                if isinstance(error, ProblemError) and error.status not in AGAIN:
                    raise
                self._wait(again, error, getattr(error, "retry_after_s", None))
            except SellerbeatError:
                raise
            except Exception as error:  # of the app's database: the transaction was undone
                self._wait(again, error, None)
                place = self._looked(batches, again, place)
            else:
                if until_idle and before == place:
                    return

    def _step(self, batches: Batches[T], place: Place | None, wait_s: float) -> Place | None:
        """A page, asked for and handled. Returns where the app stands then."""
        if place is None:
            return None
        if time.monotonic() >= self._forget_at:
            with batches.position.transaction() as transaction:
                batches.position.forget(transaction, all_ids=False)
            self._forget_at = time.monotonic() + A_DAY_S
        try:
            page = self._reader.answer(self._question(place, wait_s))
        except GoneError as error:
            return self._go_on(batches.position, place, error)
        if page is None:
            return place
        if len(page.changes) == self._batch:  # there is more: it is on its way while these are handled
            self._reader.ask(self._question(Place(page.next, page.feed), wait_s))
        return batches.take(place, page, lambda: self._stopped)

    def receiver(self, position: Position[T]) -> Callable[[Mapping[str, Any]], None]:
        """For webhooks: a function that takes an event, as it was delivered, and hands it to the same handlers, once by its id.

        It raises what a handler raises; answer 500 then, and the event comes again. Use another position than `run` does, or the same one,
        and each event is handled once by whichever is first: they wait for each other then.
        """
        if not position.remembers:
            raise ValueError("deliveries come at least once: the position has to remember ids")

        def take(event: Mapping[str, Any]) -> None:
            if str(event.get("id")).startswith("test-") or not self.handlers_of(str(event.get("type"))):
                return
            if event.get("thin") is True and "data" not in event:
                with position.transaction() as transaction:
                    if position.known(transaction, [event["id"]]):
                        return
                event = self._reader.whole(event)
            with position.transaction() as transaction:
                position.lock(transaction)
                self._handle_once(event, position, transaction)

        return take

    def retry(self, position: Position[T], event_id: str) -> None:
        """Tries an event that is set aside once more. Raises what its handler raises, and then it stays.

        Raises KeyError: it is not set aside. One that only failed is tried again by `run`, in its turn.
        """
        with position.transaction() as transaction:
            position.lock(transaction)
            found = {one.id: one for one in position.failed(transaction) if one.set_aside}[event_id]
            self._handle_once(found.event, position, transaction)
            position.note_handled(transaction, [found.id])

    def _handle_once(self, event: Mapping[str, Any], position: Position[T], transaction: T) -> None:
        """Unless it was handled before. Raises what a handler raises; TransactionEndedError."""
        if not position.known(transaction, [event["id"]]):
            with position.handling(transaction):
                self.handle(event, transaction)
            position.remember(transaction, [event["id"]])

    def _question(self, place: Place | None, wait_s: float) -> Question:
        return Question(place, wait_s, self._batch, self._sellers, tuple(self.asked_types()))

    def _looked(self, batches: Batches[T], again: Backoff, place: Place | None) -> Place | None:
        """Where the app stands; as it was, where the database does not answer."""
        try:
            return batches.looked()
        except Exception as error:
            self._wait(again, error, None)
            return place

    def _begin_at(self, position: Position[T]) -> Place | None:
        """The first place, written down. None: not yet."""
        place = Place(0, "")
        if self._begin == "latest":
            page = self._reader.answer(self._question(None, 0))
            if page is None:
                return None
            place = Place(page.next, page.feed)
        with position.transaction() as transaction:
            if not position.begin(transaction, place):
                raise PositionMovedError
        return place

    def _wait(self, again: Backoff, error: Exception, at_least_s: float | None) -> None:
        seconds = again.next_s(at_least_s)
        logger.warning("%s: trying again in %.1f s", error if isinstance(error, SellerbeatError) else repr(error), seconds)
        self._reader.sleep(seconds)

    def _go_on(self, position: Position[T], place: Place, error: GoneError) -> Place:
        """After 410. Raises FeedGoneError, PositionMovedError."""
        if not {"oldest", "latest", "feed"} <= error.fields.keys():
            raise error  # of something else at this address
        oldest, latest, feed = int(error.fields["oldest"]), int(error.fields["latest"]), str(error.fields["feed"])
        gone = Gone(place, oldest, latest, feed, error.detail)
        with position.transaction() as transaction:
            if position.lock(transaction) != place:
                raise PositionMovedError
            choice = self._gone(gone, transaction) if callable(self._gone) else self._gone
            if choice not in ("oldest", "anew", "latest"):
                raise FeedGoneError(error.detail, oldest, latest, feed)
            after = Place(latest if choice == "latest" else oldest, feed)
            if not position.move(transaction, place, after):
                raise PositionMovedError
            if choice == "anew":
                position.forget(transaction, all_ids=True)
        logger.warning("the feed does not go on behind %d: %s; going on %s, at %d", place.position, error.detail, choice, after.position)
        return after
