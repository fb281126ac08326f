"""The dispatcher's scan has old rows deleted once an hour, again while some are left, and partitions made when positions run short."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from activities.delivering import dispatcher
from activities.delivering.dispatcher import DeliveryDispatcher
from domain.retention import Retention

KEEP = Retention(events=timedelta(days=50))


@pytest.mark.parametrize(
    ("left", "due", "rounds"),
    [
        ([0], [], [0]),
        ([3, 1, 0], [], [0, 1, 2]),
        ([0, 0], [False, True, False], [0, 2]),
    ],
    ids=["once an hour", "again while some are left", "when positions run short"],
)
def test_a_scan_forgets(monkeypatch: pytest.MonkeyPatch, left: list[int], due: list[bool], rounds: list[int]) -> None:
    scans: list[int] = []
    seen: list[tuple[int, Any]] = []

    def forget(keep: Retention) -> int:
        seen.append((len(scans) - 1, keep))
        return left[len(seen) - 1]

    def behind() -> set[Any]:
        scans.append(len(scans))
        if len(scans) == 6:
            one.stop.set()
        return set()

    partitioning = SimpleNamespace(is_due=lambda: due.pop(0) if due else False)
    store: Any = SimpleNamespace(
        backlog=SimpleNamespace(behind=behind),
        delivery_figures=SimpleNamespace(fold=lambda: None),
        replays=SimpleNamespace(advance=lambda: False),
        retention=SimpleNamespace(forget=forget, partitioning=partitioning),
    )
    one = DeliveryDispatcher(store, wake=lambda cursors: asyncio.sleep(0), keep=KEEP)
    monkeypatch.setattr(dispatcher, "SCAN_S", 0.0)

    with closing(asyncio.new_event_loop()) as loop:
        one.scan(loop)

    assert seen == [(number, KEEP) for number in rounds]
