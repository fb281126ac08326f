"""Both servers at once, or the ones that a setting names."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from demo_stack.devstack.postgres import postgres
from demo_stack.devstack.temporal import TemporalServer, temporal

T = TypeVar("T")


@dataclass(frozen=True)
class Stack:
    database_url: str
    temporal: TemporalServer


@contextlib.contextmanager
def stack(
    folder: Path,
    *,
    database_url: str | None = None,
    temporal_address: str | None = None,
    ui: bool = True,
    fast: bool = False,
    extra: Sequence[str] = (),
    answers: Callable[[str], None] = lambda name: None,
) -> Iterator[Stack]:
    """Postgres in `folder/postgres` and Temporal in `folder/temporal`, started side by side.

    Args:
        database_url, temporal_address: a server that runs already (the caller's settings). It is used as it is, neither
            started, stopped nor asked, and where both are given the folder is not touched.
        extra: further arguments of `temporal server start-dev`.
        answers: called with "Postgres" and "Temporal", each as soon as it is there to be used.
    Raises:
        DevstackError: one of them did not start; the other one is stopped again.
    """
    with contextlib.ExitStack() as servers:
        with ThreadPoolExecutor(2, "devstack") as threads:
            database: Future[str] | None = None
            workflows: Future[TemporalServer] | None = None
            if not database_url:
                database = threads.submit(entered, servers, postgres(folder, fast=fast), lambda: answers("Postgres"))
            if not temporal_address:
                workflows = threads.submit(entered, servers, temporal(folder, ui=ui, extra=extra), lambda: answers("Temporal"))
        yield Stack(
            database_url=database.result() if database else database_url or "",
            temporal=workflows.result() if workflows else TemporalServer(temporal_address or ""),
        )


def entered(servers: contextlib.ExitStack, server: AbstractContextManager[T], answers: Callable[[], None]) -> T:
    started = servers.enter_context(server)
    answers()
    return started
