"""Where a worker can die: named points of the product, reached by wrapping its functions from outside. The product has no hooks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import activities.polling.report_compare
import activities.polling.steps
import ebay.client
import ebay.connection
import ebay.oauth
import store.sellers.tokens
import store.steps.commit
import store.steps.steps
import store.store
import worker
import workflows.seller_polling
from domain.pacing import Stream
from lab.chaos import guards

ANY = "*"  # whichever seller comes first
ORDERS, FULFILLMENT, INVENTORY, LISTINGS, REPORT, BACKFILL, SWEEP = (
    stream.value
    for stream in (
        *(Stream.ORDERS, Stream.FULFILLMENT, Stream.INVENTORY, Stream.LISTINGS, Stream.REPORT),
        *(Stream.BACKFILL, Stream.SWEEP),
    )
)
ALL = (ORDERS, FULFILLMENT, INVENTORY, LISTINGS, REPORT, SWEEP, BACKFILL)
RECORDING = (ORDERS, FULFILLMENT, INVENTORY, LISTINGS, REPORT, BACKFILL)  # a sweep that finds nothing records nothing
WORKFLOW, OVERRIDES, WORKER = "workflow", "wishes", "worker"  # not streams, but where other points are

POINTS: dict[str, tuple[tuple[str, ...], str]] = {
    "begun": (ALL, "the step has its epoch and has done nothing yet"),
    "before-call": (ALL, "before a call to eBay"),
    "after-answer": (ALL, "eBay has answered, nothing is stored"),
    "after-rows": (ALL, "inside the transaction: rows are written, the cursor and the events are not"),
    "before-events": (RECORDING, "inside the transaction: rows and cursor are written, the events are not"),
    "before-commit": (RECORDING, "inside the transaction: all is written"),
    "after-commit": (ALL, "all is committed, nobody knows"),
    "before-result": (ALL, "the step is over, Temporal does not know"),
    "between-windows": ((ORDERS, BACKFILL), "one window is committed, others are left"),
    "between-pages": ((FULFILLMENT, INVENTORY, SWEEP), "one page of a scan is committed, others are left"),
    "between-batches": ((REPORT,), "a part of the report is compared and committed, others are left"),
    "missing-skus": ((INVENTORY,), "the scan has asked for SKUs that did not come"),
    "failure-noted": ((ORDERS,), "eBay failed; the failure is recorded, Temporal does not know"),
    "token-before-call": ((ORDERS, INVENTORY), "a token is refused, its row is locked, eBay is not asked yet"),
    "token-after-answer": ((ORDERS, INVENTORY), "eBay has given a token, it is not stored"),
    "token-stored": ((ORDERS, INVENTORY), "the token is written, not committed"),
    "continue-as-new": ((WORKFLOW,), "the workflow is about to continue as new"),
    "signal": ((WORKFLOW,), "a signal (pause, resume) is being handled"),
    "update": ((WORKFLOW,), "an update (set-cadence) is being handled"),
    "wishes-before": ((OVERRIDES,), "what people set is about to be stored"),
    "wishes-after": ((OVERRIDES,), "what people set is stored, Temporal does not know"),
    "start-early": ((WORKER,), "the worker has its connections and nothing else"),
    "start-late": ((WORKER,), "the worker has begun to take work"),
}


FEW_ROWS = 3  # of a report, a commit


class Cell(NamedTuple):
    """A point of one stream. `seller`: whose."""

    point: str
    stream: str
    seller: str


class Trap:
    """Cells with the number of the pass that springs each; `spring` is called at that pass, and may not come back."""

    def __init__(self, cells: Iterable[tuple[Cell, int]], spring: Callable[[Cell], None], armed: Callable[[], bool]) -> None:
        self.left = dict(cells)
        self.spring, self.armed = spring, armed
        self.lock = threading.Lock()

    def pass_by(self, point: str, stream: str, seller: str) -> None:
        if not self.armed() and stream != BACKFILL:  # which goes on by itself, and once only
            return
        for cell in (Cell(point, stream, seller), Cell(point, stream, ANY)):
            with self.lock:
                if cell not in self.left:
                    continue
                self.left[cell] -= 1
                if self.left[cell]:
                    continue
                del self.left[cell]
            self.spring(cell)


class _Here(threading.local):
    """Whose step runs in this thread."""

    seller = ""
    stream = ""


_here = _Here()


def set_traps(trap: Trap) -> None:
    """Wrap the product's functions. For the life of this process."""

    def here(point: str) -> None:
        trap.pass_by(point, _here.stream, _here.seller)

    _steps(here)
    _calls(here)
    _transactions(here)
    _tokens(here)
    _workflow(trap)


def around(owner: Any, name: str, before: Callable[..., object] | None = None, after: Callable[..., object] | None = None) -> None:
    """`before` gets the call's arguments; `after` the result and the arguments."""
    inner = getattr(owner, name)

    def wrapped(*given: Any, **named: Any) -> Any:
        if before:
            before(*given, **named)
        result = inner(*given, **named)
        if after:
            after(result, *given, **named)
        return result

    setattr(owner, name, wrapped)


def _steps(here: Callable[[str], None]) -> None:
    def enter(_: object, request: Any, stream: Stream, *__: object) -> None:
        _here.seller, _here.stream = request.seller_id, stream.value

    around(activities.polling.steps.StepRunner, "run", before=enter, after=lambda *_: here("before-result"))
    around(store.steps.steps.StepStore, "begin", after=lambda *_: here("begun"))
    around(store.steps.steps.StepStore, "failed", after=lambda *_, **__: here("failure-noted"))


def _calls(here: Callable[[str], None]) -> None:
    around(ebay.client.Ebay, "send", before=lambda *_: here("before-call"), after=lambda *_: here("after-answer"))
    for call in ("send_xml", "download"):  # Trading, and the file of a report
        around(ebay.connection.EbayConnection, call, before=lambda *_: here("before-call"), after=lambda *_: here("after-answer"))
    around(ebay.client.SellerApi, "inventory_items", after=lambda *_: here("missing-skus"))


def _transactions(here: Callable[[str], None]) -> None:
    def telling(point: str) -> Callable[..., None]:
        def passes(*arguments: Any) -> None:
            commit = next(one for one in arguments if isinstance(one, store.steps.commit.Commit))
            if len(commit._events):
                here(point)

        return passes

    def rows(commit: store.steps.commit.Commit) -> None:
        if commit._changes or commit._step.stream is Stream.SWEEP:
            here("after-rows")

    around(store.steps.commit.Commit, "close", before=rows)
    around(guards, "between", after=lambda _, commit: here("after-commit") if len(commit._events) else None)
    around(store.steps.commit.Commit, "emit", before=telling("before-events"), after=telling("before-commit"))
    inner = store.steps.steps.StepStore.commit
    compared: set[store.steps.commit.Commit] = set()  # that hold a part of a report

    def scanned(_: object, commit: store.steps.commit.Commit, *__: object) -> None:
        if commit._step.stream is Stream.REPORT:
            compared.add(commit)

    around(store.steps.commit.Commit, "scan_page", after=scanned)
    activities.polling.report_compare.BATCH = FEW_ROWS

    @contextmanager
    def committed(steps: Any, step: Any, now: datetime | None = None) -> Iterator[store.steps.commit.Commit]:
        with inner(steps, step, now) as commit:
            yield commit
        if commit._changes or step.stream is Stream.SWEEP:
            here("after-commit")
        if commit._checkpoint and step.stream in (Stream.ORDERS, Stream.BACKFILL):
            here("between-windows")
        elif isinstance(commit._checkpoint, dict) and _more_pages(commit._checkpoint):
            here("between-pages")
        if commit in compared:
            compared.discard(commit)
            here("between-batches")

    store.steps.steps.StepStore.commit = committed  # type: ignore[method-assign, assignment]


def _more_pages(checkpoint: dict[str, Any]) -> bool:
    """By the keys of `streams.reading`: inventory has eBay's next page, the open orders a page, the sweep pending windows."""
    return bool(checkpoint.get("place") or (checkpoint.get("listed") is False and checkpoint.get("page")) or checkpoint.get("edges"))


def _tokens(here: Callable[[str], None]) -> None:
    around(
        ebay.oauth.OAuth,
        "refresh",
        before=lambda *_: here("token-before-call"),
        after=lambda *_: here("token-after-answer"),
    )
    around(store.sellers.tokens.TokenRow, "renew", after=lambda *_: here("token-stored"))


def _workflow(trap: Trap) -> None:
    polling = workflows.seller_polling.SellerPolling

    def long_enough(result: bool, seller: Any, *_: object) -> None:
        if result:
            trap.pass_by("continue-as-new", WORKFLOW, seller.state.seller_id)

    def changed(_: object, seller: Any) -> None:
        for point in ("signal", "update"):
            trap.pass_by(point, WORKFLOW, seller.state.seller_id)

    around(polling, "long_enough", after=long_enough)
    around(polling, "changed", after=changed)
    around(
        store.store.Store,
        "save_overrides",
        before=lambda _, seller, *__: trap.pass_by("wishes-before", OVERRIDES, seller),
        after=lambda _, __, seller, *___: trap.pass_by("wishes-after", OVERRIDES, seller),
    )
    around(worker, "build", after=lambda *_: trap.pass_by("start-early", WORKER, ANY))
    around(worker, "schedule", after=lambda *_: trap.pass_by("start-late", WORKER, ANY))
