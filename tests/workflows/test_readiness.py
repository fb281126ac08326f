"""A worker is ready with Postgres and Temporal; what else it finds of itself stands beside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.health_facts import WorkerFindings
from store.schema.faults import NO_ANSWER, UNAVAILABLE
from workflows.readiness import readiness

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
WELL = WorkerFindings()
AWAY = WorkerFindings(temporal_since=NOW)


@pytest.mark.parametrize(
    ("found", "refused", "ready", "parts"),
    [
        (WELL, None, True, []),
        (WELL, NO_ANSWER, False, ["postgres"]),
        (WELL, UNAVAILABLE["53300"], False, ["connections"]),
        (WELL, UNAVAILABLE["25006"], False, ["writes"]),
        (WELL, UNAVAILABLE["53100"], False, ["writes"]),
        (AWAY, None, False, ["temporal"]),
        (AWAY, NO_ANSWER, False, ["postgres", "temporal"]),
        (WorkerFindings(keys_since=NOW, clock_off_s=90, schedules_paused=("planner",)), None, True, ["keys", "schedules", "clock"]),
    ],
)
def test_it_is_ready_with_postgres_and_temporal_and_says_what_else_is_wrong(
    found: WorkerFindings, refused: str | None, ready: bool, parts: list[str]
) -> None:
    body: dict[str, Any] = readiness(NOW, "q", found, refused)

    assert (body["ready"], [one["part"] for one in body["findings"]]) == (ready, parts)
    assert all(one["what"] and one["remedy"] and one["runbook"] for one in body["findings"])
    assert body["temporal"] == ("does not answer" if found.temporal_since else "ok")
    assert (body["postgres"] == "ok") is (refused is None)
