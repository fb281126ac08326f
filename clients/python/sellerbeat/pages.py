"""Pages of the feed, asked for in a thread: so that `stop` interrupts a wait, and the next page comes while this one is handled."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode

from sellerbeat.errors import UnreachableError
from sellerbeat.position import Place
from sellerbeat.wire import options, parsed

if TYPE_CHECKING:
    import httpx

CONNECT_S = 10.0
BEYOND_WAIT_S = 30.0  # for the answer itself, once the wait is over


@dataclass(frozen=True)
class FeedPage:
    """Some changes, as they came. Who has handled them stands at `next`."""

    changes: list[dict[str, Any]]
    next: int
    feed: str


@dataclass(frozen=True)
class Question:
    """What follows a place. `place` None: nothing, but where the feed ends now."""

    place: Place | None
    wait_s: float
    limit: int
    sellers: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def parameters(self) -> list[tuple[str, str]]:
        """Of the request."""
        after = "latest" if self.place is None else str(self.place.position)
        wait_s = math.ceil(self.wait_s * 1000) / 1000  # as exactly as the feed takes it
        pairs = [("after", after), ("limit", str(self.limit)), ("wait", f"{wait_s:g}s")]
        pairs += [("feed", self.place.feed)] if self.place and self.place.feed else []
        return pairs + [("seller", one) for one in self.sellers] + [("type", one) for one in self.types]


Answers: TypeAlias = "SimpleQueue[tuple[Question, FeedPage | Exception] | None]"


@dataclass
class FeedReader:
    """One thread that asks, and a queue of answers. `wake` may be called by a signal handler: SimpleQueue bears that."""

    url: str
    token: str = field(repr=False)
    transport: httpx.BaseTransport | None = None
    _questions: SimpleQueue[Question | None] = field(default_factory=SimpleQueue)
    _answers: Answers = field(default_factory=SimpleQueue)
    _asked: Question | None = None

    def __post_init__(self) -> None:
        options(self.url, self.token, BEYOND_WAIT_S)  # says at once what is wrong with them
        self._thread: threading.Thread | None = None
        self._client: httpx.Client | None = None

    def open(self) -> None:
        """Before the first question. Raises what httpx does where there is something wrong with this machine, such as its certificates."""
        import httpx

        self._client = httpx.Client(**options(self.url, self.token, BEYOND_WAIT_S), transport=self.transport)

    def ask(self, question: Question) -> None:
        """Begin to ask. Of an earlier question the answer is not looked at any more."""
        if question != self._asked:
            if self._thread is None:
                assert self._client, "it was not opened"
                work = (self._client, self._questions, self._answers)
                self._thread = threading.Thread(target=_work, args=work, name="sellerbeat-feed", daemon=True)
                self._thread.start()
            self._asked = question
            self._questions.put(question)

    def answer(self, question: Question) -> FeedPage | None:
        """The answer, once it is there. None: `wake` was called.

        Raises:
            ProblemError: refused.
            UnreachableError: there was none.
        """
        self.ask(question)
        while True:
            came = self._answers.get()
            if came is None:
                return None
            if came[0] == question:
                self._asked = None
                if isinstance(came[1], Exception):
                    raise came[1]
                return came[1]

    def sleep(self, seconds: float) -> bool:
        """Whether nobody called `wake` meanwhile. An answer that comes in this time is not looked at."""
        self._asked = None
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                if self._answers.get(timeout=left) is None:
                    return False
            except Empty:
                break
        return True

    def wake(self) -> None:
        """Whoever waits here gets None, or False."""
        self._answers.put(None)

    def close(self) -> None:
        """Ends the thread, at the latest when its request ends."""
        self._questions.put(None)
        if self._client and self._thread is None:
            self._client.close()
        self._thread, self._client, self._asked, self._questions, self._answers = None, None, None, SimpleQueue(), SimpleQueue()

    def whole(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What a thin event left out. Raises ProblemError, UnreachableError; LookupError: the feed does not have it."""
        import httpx

        path = str(event.get("feed"))
        if not path.startswith("/v1/changes?"):
            raise LookupError("a thin event does not say where the whole one is")
        with httpx.Client(**options(self.url, self.token, BEYOND_WAIT_S), transport=self.transport) as client:
            found = [one for one in _asked(client, path, BEYOND_WAIT_S).changes if one.get("id") == event["id"]]
        if not found:
            raise LookupError("the feed does not have this event any more")
        return found[0]


def _work(client: httpx.Client, questions: SimpleQueue[Question | None], answers: Answers) -> None:
    with client:
        while (question := questions.get()) is not None:
            try:
                answer: FeedPage | Exception = _page(client, question)
            except Exception as error:
                answer = error
            answers.put((question, answer))


def _page(client: httpx.Client, question: Question) -> FeedPage:
    """Raises ProblemError, UnreachableError."""
    return _asked(client, f"/v1/changes?{urlencode(question.parameters())}", question.wait_s + BEYOND_WAIT_S)


def _asked(client: httpx.Client, path: str, timeout_s: float) -> FeedPage:
    """Raises ProblemError, UnreachableError."""
    import httpx

    try:
        answer = client.get(path, timeout=httpx.Timeout(timeout_s, connect=CONNECT_S))
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise UnreachableError(f"no answer from {client.base_url.host}: {type(error).__name__}") from None
    page = parsed(answer.status_code, answer.headers, answer.content)
    try:
        changes = [one for one in page["changes"] if isinstance(one["id"], str) and isinstance(one["position"], int)]
        if len(changes) == len(page["changes"]):
            return FeedPage(changes, int(page["next"]), str(page["feed"]))
    except (ValueError, KeyError, TypeError):
        pass
    raise UnreachableError("the answer is no page of the feed: something between here and Sellerbeat answered")
