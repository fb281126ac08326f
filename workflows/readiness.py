"""Whether a worker is ready, for its own `/readyz`: it needs Postgres, which takes rows, and Temporal. All else that it finds of itself
stands beside. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.health import HealthPart, findings
from domain.health_facts import FleetFacts, WorkerFacts, WorkerFindings
from store.schema.faults import UNAVAILABLE
from store.schema.times import iso

TAKES_NO_ROW = (UNAVAILABLE["25006"], UNAVAILABLE["53100"])
NEEDED = (HealthPart.POSTGRES, HealthPart.CONNECTIONS, HealthPart.WRITES, HealthPart.TEMPORAL)


def readiness(now: datetime, task_queue: str, found: WorkerFindings, refused: str | None) -> dict[str, Any]:
    """The body of `/readyz`, as that of web.py: no seller is named or counted in it.

    Args:
        refused: why Postgres did not take the worker's last word; None: it did.
    """
    facts = FleetFacts(
        now,
        task_queue,
        postgres=None if refused in TAKES_NO_ROW else refused,
        full=refused == UNAVAILABLE["53300"],
        writes=refused if refused in TAKES_NO_ROW else None,
        workers=[WorkerFacts(task_queue, now, findings=found)],
    )
    wrong = findings(facts)
    if refused and found.temporal_since:  # which Postgres hides: here both keep the worker from being ready
        wrong += [one for one in findings(FleetFacts(now, task_queue, workers=facts.workers)) if one.part is HealthPart.TEMPORAL]
    parts = {one.part for one in wrong}
    return {
        "ready": not parts & set(NEEDED),
        "postgres": "does not answer" if facts.postgres else "takes no row" if HealthPart.WRITES in parts else "ok",
        "temporal": "does not answer" if found.temporal_since else "ok",
        "findings": [
            {"part": one.part.value, "since": iso(one.since), "what": one.what, "remedy": one.remedy, "runbook": one.runbook}
            for one in wrong
        ],
    }
