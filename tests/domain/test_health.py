"""What is wrong with the whole: each cause by its facts, and none of what follows from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.health import HealthPart, findings, overdue, standstill
from domain.health_facts import AlertFacts, FleetFacts, TemporalFacts, WorkerFacts, WorkerFindings
from domain.seller_state import StreamFacts, Wait, seller_state
from store.schema.faults import UNAVAILABLE
from tests.support.rooms import HOUSE

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
AGO = NOW - timedelta(minutes=5)
WORKER = WorkerFacts("q", NOW - timedelta(seconds=4))
GONE = replace(WORKER, last_seen_at=AGO)
WELL = FleetFacts(
    NOW, "q", workers=[WORKER], enrolled=3, first_enrolled_at=AGO, awake=3, polled_at=AGO, temporal=TemporalFacts(None, 0.01, True, 3)
)
LATE: dict[str, Any] = {"overdue": 3, "overdue_since": AGO}


def finds(worker: WorkerFacts = WORKER, **fields: Any) -> WorkerFacts:
    return replace(worker, findings=WorkerFindings(**fields))


OUTAGES: dict[str, tuple[FleetFacts, HealthPart, str, str]] = {
    "worker frozen or dead": (
        replace(WELL, workers=[GONE], **LATE),
        HealthPart.WORKER,
        "no worker is seen: it is frozen or dead, since 2026-12-01 02:55:00 UTC",
        "restart it",
    ),
    "worker stopped": (
        replace(WELL, workers=[replace(GONE, ended_at=AGO)]),
        HealthPart.WORKER,
        "was stopped, since 2026-12-01 02:55:00",
        "start worker.py",
    ),
    "no worker ever": (
        replace(WELL, workers=[], polled_at=None, temporal=None),
        HealthPart.WORKER,
        "no worker has run yet",
        "start worker.py",
    ),
    "nobody asks Temporal": (
        replace(WELL, workers=[], first_enrolled_at=None, polled_at=None, temporal=TemporalFacts(has_pollers=False)),
        HealthPart.WORKER,
        "Nobody works on task queue q",
        "start worker.py",
    ),
    "Temporal dead, as the worker says": (
        replace(WELL, workers=[finds(temporal_since=AGO)], **LATE),
        HealthPart.TEMPORAL,
        "Temporal does not answer the worker, since 2026-12-01 02:55:00 UTC",
        "TEMPORAL_ADDRESS",
    ),
    "Temporal dead, as we see": (
        replace(WELL, temporal=TemporalFacts(error="no answer; look at it")),
        HealthPart.TEMPORAL,
        "no answer",
        "look at it",
    ),
    "Temporal slow": (replace(WELL, temporal=TemporalFacts(answer_s=1.5)), HealthPart.TEMPORAL, "it took 1.5 s", "load"),
    "Temporal slow, as the worker says": (
        replace(WELL, temporal=None, workers=[finds(temporal_slow_s=1.5)]),
        HealthPart.TEMPORAL,
        "it took 1.5 s",
        "load",
    ),
    "disk full, as the worker says": (
        replace(WELL, workers=[finds(disk_full_since=AGO)], **LATE),
        HealthPart.WRITES,
        "the disk of Postgres is full, since 2026-12-01 02:55:00 UTC",
        "make room",
    ),
    "Temporal emptied": (
        replace(WELL, temporal=TemporalFacts(workflows=0)),
        HealthPart.WORKFLOWS,
        "3 of 3 sellers have no workflow",
        "within some minutes",
    ),
    "schedules lost": (
        replace(WELL, temporal=TemporalFacts(schedules_missing=("planner",))),
        HealthPart.SCHEDULES,
        "lacks the schedule planner",
        "migrate",
    ),
    "schedules paused": (
        replace(WELL, temporal=None, workers=[finds(schedules_paused=("planner",))]),
        HealthPart.SCHEDULES,
        "paused in Temporal: the schedule planner",
        "--unpause",
    ),
    "Postgres dead": (
        FleetFacts(NOW, postgres="Postgres cannot be reached: is it running?"),
        HealthPart.POSTGRES,
        "Postgres cannot be reached",
        "running",
    ),
    "out of connections": (
        FleetFacts(NOW, postgres=UNAVAILABLE["53300"], full=True),
        HealthPart.CONNECTIONS,
        "takes no more connections",
        "max_connections",
    ),
    "read-only": (
        replace(WELL, writes=UNAVAILABLE["25006"], workers=[GONE], **LATE),
        HealthPart.WRITES,
        "nothing can be stored",
        "primary",
    ),
    "disk full": (
        replace(WELL, writes=UNAVAILABLE["53100"], workers=[GONE], **LATE),
        HealthPart.WRITES,
        "the disk of Postgres is full",
        "make room",
    ),
    "wrong keys of the worker": (
        replace(WELL, workers=[finds(keys_since=AGO)], **LATE),
        HealthPart.KEYS,
        "the worker's keys open no stored token, since 2026-12-01 02:55:00",
        "SELLERBEAT_SECRET_KEYS",
    ),
    "wrong keys here": (replace(WELL, keys="they open none"), HealthPart.KEYS, "the keys of this process", "SELLERBEAT_SECRET_KEYS"),
    "eBay down": (
        replace(WELL, ebay={"orders": ("eBay's orders API is down (503)", AGO)}, **LATE),
        HealthPart.EBAY,
        "orders API is down",
        "by itself",
    ),
    "clock off": (replace(WELL, workers=[finds(clock_off_s=-300)]), HealthPart.CLOCK, "5 min behind Postgres'", "set-ntp"),
    "second deployment": (
        replace(WELL, workers=[WORKER, replace(WORKER, task_queue="r")]),
        HealthPart.DEPLOYMENTS,
        "2 deployments use this database (task queues q, r)",
        "stop one",
    ),
    "second deployment, by its alert": (
        replace(WELL, alerts={"two_deployments": AlertFacts(1, AGO, "")}),
        HealthPart.DEPLOYMENTS,
        "two deployments",
        "stop one",
    ),
    "overdue": (
        replace(WELL, **LATE),
        HealthPart.POLLING,
        "polls of 3 of 3 sellers are overdue, since 2026-12-01 02:55:00",
        "more workers",
    ),
    "endpoint": (
        replace(WELL, alerts={"endpoint_failing": AlertFacts(1, AGO, "")}),
        HealthPart.DELIVERY,
        "1 endpoint fails",
        "deliveries --failed",
    ),
    "notifications": (
        replace(WELL, alerts={"notifications_stopped": AlertFacts(2, AGO, "")}),
        HealthPart.NOTIFICATIONS,
        "2 sellers get no more",
        "reconcile",
    ),
}
STALLS = {
    *("worker frozen or dead", "worker stopped", "no worker ever", "nobody asks Temporal", "Temporal dead, as the worker says"),
    *("Postgres dead", "out of connections", "read-only", "disk full", "disk full, as the worker says", "wrong keys of the worker"),
}


def test_nothing_is_wrong_where_all_is_well() -> None:
    assert (findings(WELL), standstill(WELL), overdue(WELL)) == ([], None, None)


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_one_line_with_its_remedy_and_hides_what_follows_from_it(outage: str) -> None:
    facts, part, words, remedy = OUTAGES[outage]

    (found,) = findings(facts)

    assert found.part is part
    assert words in found.what
    assert remedy in found.remedy
    assert "\n" not in found.line()
    assert (HOUSE / found.runbook).exists()


@pytest.mark.parametrize("outage", OUTAGES)
def test_sellers_stand_still_for_what_keeps_everybody_from_being_polled_alone(outage: str) -> None:
    assert (standstill(OUTAGES[outage][0]) is not None) is (outage in STALLS)


@pytest.mark.parametrize(
    "facts",
    [
        replace(WELL, workers=[finds(temporal_since=AGO), WORKER]),
        replace(WELL, workers=[finds(keys_since=AGO), WORKER]),
        replace(WELL, workers=[GONE, WORKER]),
    ],
    ids=["Temporal", "keys", "worker"],
)
def test_one_worker_that_is_well_polls_for_all(facts: FleetFacts) -> None:
    assert findings(facts) == []


def test_a_worker_that_is_started_anew_is_not_missed() -> None:
    stopped = NOW - timedelta(seconds=20)

    assert findings(replace(WELL, workers=[replace(WORKER, last_seen_at=stopped, ended_at=stopped)])) == []


def test_the_first_seller_has_half_a_minute_until_somebody_starts_a_worker() -> None:
    enrolled = replace(WELL, workers=[], polled_at=None, first_enrolled_at=NOW - timedelta(seconds=29))

    assert findings(enrolled) == []
    assert [one.sentence for one in findings(replace(enrolled, now=NOW + timedelta(seconds=2)))] == ["no worker has run yet"]


def test_a_worker_of_a_version_that_does_not_say_that_it_is_there_is_not_missed_while_it_polls() -> None:
    polled = NOW - timedelta(seconds=10)

    assert findings(replace(WELL, workers=[], polled_at=polled)) == []
    assert findings(replace(WELL, workers=[GONE], polled_at=polled)) == []


def test_some_overdue_polls_of_a_large_fleet_are_their_sellers_matter() -> None:
    assert overdue(replace(WELL, awake=3000, overdue=299, overdue_since=AGO)) is None
    assert overdue(replace(WELL, awake=3000, overdue=300, overdue_since=AGO)) is not None


@given(
    st.builds(
        WorkerFindings,
        st.none() | st.datetimes(timezones=st.just(UTC)),
        st.none() | st.datetimes(timezones=st.just(UTC)),
        st.integers(-(10**6), 10**6),
        st.lists(st.text(), max_size=3).map(tuple),
        st.lists(st.text(), max_size=3).map(tuple),
        st.floats(0, 9),
        st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_what_a_worker_finds_is_read_as_it_was_written(found: WorkerFindings) -> None:
    assert WorkerFindings.of(found.fields()) == found


@given(
    st.dictionaries(
        st.sampled_from(sorted(WorkerFindings.__slots__)), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
    )
)
def test_what_another_version_wrote_is_never_a_reason_to_fail(fields: dict[str, object]) -> None:
    assert WorkerFindings.of(fields).schedules_paused == () or "schedules_paused" in fields


@given(
    st.builds(
        FleetFacts,
        now=st.just(NOW),
        postgres=st.none() | st.just("Postgres cannot be reached"),
        writes=st.none() | st.just("full"),
        workers=st.lists(st.sampled_from([WORKER, GONE, finds(temporal_since=AGO), finds(keys_since=AGO)]), max_size=3),
        awake=st.integers(0, 5),
        overdue=st.integers(0, 5),
        temporal=st.none() | st.just(TemporalFacts(error="no answer")) | st.just(TemporalFacts(workflows=0)),
    )
)
def test_a_standstill_is_always_among_what_is_found(facts: FleetFacts) -> None:
    found = standstill(facts)

    assert found is None or found in findings(facts)


STANDING: dict[str, dict[str, str | None]] = {
    "removed": {"removed": "x"},
    "needs_reauthorization": {"dead": "x"},
    "paused": {"paused": "x"},
}


@pytest.mark.parametrize("state", STANDING)
def test_who_is_not_to_be_polled_is_not_stalled(state: str) -> None:
    assert seller_state([], **STANDING[state], stalled="no worker")[0] == state


def test_who_is_to_be_polled_is_stalled_whatever_else_hinders_them() -> None:
    down = StreamFacts("orders", "eBay is down", failures=3, last_error="x", waits_for=Wait.OUTAGE)

    assert seller_state([down], stalled="no worker is seen") == ("stalled", "no worker is seen")
