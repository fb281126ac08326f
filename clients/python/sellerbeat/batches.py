"""A page of the feed, handled: in one transaction if all goes well, else in as many as keep what is well from what is not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from sellerbeat.errors import HandlerFailedError, PositionMovedError, SellerbeatError
from sellerbeat.handlers import Handlers
from sellerbeat.pages import FeedPage
from sellerbeat.position import LONGEST_ERROR, FailedEvent, Place, Position
from sellerbeat.wire import Backoff

logger = logging.getLogger("sellerbeat")
T = TypeVar("T")
After: TypeAlias = Literal["retry", "set_aside", "stop"]


@dataclass
class Policy:
    """What becomes of an event whose handler raises. `retry_s`: the first and the longest wait before the next try."""

    tries: int
    then: Literal["set_aside", "stop"]
    retry_s: tuple[float, float]
    decide: Callable[[FailedEvent, Exception], After | None] | None = None


class HandlerRaisedError(Exception):
    """A handler raised, at this one of the events in hand."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__()
        self.index, self.error = index, error


class Batches(Generic[T]):
    """What a run handles. `sleep`: waits so many seconds; False, and at once, where it is to end."""

    def __init__(self, position: Position[T], handlers: Handlers[T], policy: Policy, sleep: Callable[[float], bool]) -> None:
        self.position, self._handlers, self._policy, self._sleep = position, handlers, policy, sleep
        self._failing: dict[str, int] = {}  # how often a handler raised for it

    def looked(self) -> Place | None:
        """Where the app stands, and what failed before."""
        with self.position.transaction() as transaction:
            self._failing = {one.id: one.times for one in self.position.failed(transaction) if not one.set_aside}
            return self.position.read(transaction)

    def take(self, place: Place, page: FeedPage, stopped: Callable[[], bool]) -> Place:
        """Handles a page. Returns where the app stands then: before what failed, where it was stopped while it waited for the next try.

        Raises HandlerFailedError, PositionMovedError, TransactionEndedError; what the app's database raises.
        """
        end = Place(page.next, page.feed)
        rest = [event for event in page.changes if self._handlers.handlers_of(str(event.get("type")))]
        again = Backoff(*self._policy.retry_s)
        size = len(rest)
        while rest or place != end:
            part = rest[:size]
            upto = end if len(part) == len(rest) else Place(int(part[-1]["position"]), page.feed)
            try:
                self._commit(place, upto, part)
            except HandlerRaisedError as raised:
                if raised.index != 0:  # what comes before it goes first; of an error at the commit one half
                    size = raised.index if raised.index > 0 else len(part) // 2
                    continue
                rest, place, size = self._failed(place, rest, page.feed, raised.error, again)
                if stopped():
                    return place
            else:
                place, rest = upto, rest[len(part) :]
                size = len(rest)
                again.over()
        return place

    def _commit(self, before: Place, after: Place, part: Sequence[dict[str, Any]]) -> None:
        """Events, what the app makes of them and the position that says so: one transaction.

        Raises HandlerRaisedError: at this event; at -1, where the commit failed and it may be any of several. TransactionEndedError.
        """
        position, handled = self.position, False
        try:
            with position.transaction() as transaction:
                if position.lock(transaction) != before:
                    raise PositionMovedError
                ids = list(dict.fromkeys(event["id"] for event in part))
                known, fresh = position.known(transaction, ids), list[str]()
                with position.handling(transaction):
                    for index, event in enumerate(part):
                        if event["id"] in known:
                            continue
                        known.add(event["id"])
                        fresh.append(event["id"])
                        try:
                            self._handlers.handle(event, transaction)
                        except Exception as error:
                            raise HandlerRaisedError(index, error) from error
                    handled = True
                position.remember(transaction, fresh)
                over = self._failing.keys() & set(ids)
                position.note_handled(transaction, over)
                if not position.move(transaction, before, after):
                    raise PositionMovedError
        except (HandlerRaisedError, SellerbeatError):
            raise
        except Exception as error:
            if handled and part:  # what was written is looked at no sooner: a flush, a constraint
                raise HandlerRaisedError(0 if len(part) == 1 else -1, error) from error
            raise
        for one in over:
            del self._failing[one]

    def _failed(
        self, place: Place, rest: list[dict[str, Any]], feed: str, error: Exception, again: Backoff
    ) -> tuple[list[dict[str, Any]], Place, int]:
        """The first of `rest` failed by itself. Returns what is left, the place, and how many events are tried next."""
        policy, position, event = self._policy, self.position, rest[0]
        times = self._failing.get(event["id"], 0) + 1
        where = event.get("position")
        said = f"{type(error).__name__}: {error}".replace("\0", "?")[:LONGEST_ERROR]
        failed = FailedEvent(event["id"], str(event.get("type")), where, times, said, event, set_aside=False)
        after = (policy.decide(failed, error) if policy.decide else None) or (policy.then if times >= policy.tries else "retry")
        aside = after == "set_aside"
        logger.error("a handler raised for %s %s, %d times now: %s", failed.type, failed.id, times, after, exc_info=error)
        on = Place(int(event["position"]), feed)
        with position.transaction() as transaction:
            if aside and not position.move(transaction, place, on):
                raise PositionMovedError
            position.note_failed(transaction, replace(failed, set_aside=aside))
        if aside:
            self._failing.pop(failed.id, None)
            return rest[1:], on, len(rest) - 1
        self._failing[failed.id] = times
        if after == "stop":
            raise HandlerFailedError(failed.id, failed.type, where, times) from error
        self._sleep(again.next_s())
        return rest, place, 1
