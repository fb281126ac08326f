"""What is known of the health of the whole, as `domain/health.py` judges it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.endpoint_health import FailingEndpoint

SEEN_EVERY = timedelta(seconds=10)
GONE_AFTER = timedelta(seconds=30)  # three words that did not come
SLOW_S = 1.0  # of an answer of Temporal that has nothing to look up
CLOCK = timedelta(seconds=30)  # so far a clock may be off the database's


@dataclass(frozen=True, slots=True)
class WorkerFindings:
    """What a worker finds of itself. What another version wrote and this one does not know is as if nothing were there.

    Attributes:
        temporal_since: Temporal does not answer it since then.
        temporal_slow_s: so long Temporal took to say that it is well; 0 where that is no matter.
        disk_full_since: Postgres has no room for a file since then.
        keys_since: its keys open no stored token since then.
        clock_off_s: its clock, less the database's.
        schedules_missing, schedules_paused: what Temporal should run by the clock, and does not.
    """

    temporal_since: datetime | None = None
    keys_since: datetime | None = None
    clock_off_s: int = 0
    schedules_missing: tuple[str, ...] = ()
    schedules_paused: tuple[str, ...] = ()
    temporal_slow_s: float = 0.0
    disk_full_since: datetime | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> WorkerFindings:
        """As the database has it."""
        off, slow = fields.get("clock_off_s"), fields.get("temporal_slow_s")
        return cls(
            _moment(fields.get("temporal_since")),
            _moment(fields.get("keys_since")),
            off if type(off) is int else 0,
            _names(fields.get("schedules_missing")),
            _names(fields.get("schedules_paused")),
            float(slow) if isinstance(slow, int | float) and not isinstance(slow, bool) else 0.0,
            _moment(fields.get("disk_full_since")),
        )

    def fields(self) -> dict[str, Any]:
        """For the database: what is not well alone."""
        found = {
            "temporal_since": self.temporal_since.isoformat() if self.temporal_since else None,
            "keys_since": self.keys_since.isoformat() if self.keys_since else None,
            "clock_off_s": self.clock_off_s,
            "schedules_missing": list(self.schedules_missing),
            "schedules_paused": list(self.schedules_paused),
            "temporal_slow_s": self.temporal_slow_s,
            "disk_full_since": self.disk_full_since.isoformat() if self.disk_full_since else None,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """A worker process. Times are the database's."""

    task_queue: str
    last_seen_at: datetime
    ended_at: datetime | None = None
    findings: WorkerFindings = WorkerFindings()


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """Open alerts of one kind: how many, since when the oldest, and its text."""

    count: int
    since: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class TemporalFacts:
    """What Temporal said to whoever asks.

    Attributes:
        error: why it said nothing.
        has_pollers: somebody asked the task queue for work within some minutes.
        workflows: of sellers, that run on the task queue.
    """

    error: str | None = None
    answer_s: float = 0.0
    has_pollers: bool | None = None
    workflows: int | None = None
    schedules_missing: tuple[str, ...] = ()
    schedules_paused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetFacts:
    """All that is known at one moment.

    Attributes:
        now: by the database's clock.
        postgres: why Postgres cannot be read; then nothing else of it is known.
        writes: why a row cannot be written; `full`: no connection is left.
        keys: why the keys of this process open no stored token.
        first_enrolled_at: of those who are to be polled; None: none, or by a version that did not note it by this clock.
        workers: those that ever said that they are there, but for those long gone.
        awake: sellers who are to be polled now; `overdue` of them are not, since `overdue_since`, the longest.
        polled_at: when anybody's orders were polled last.
        ebay: what is down of eBay, in words, by resource, and since when.
        failing_endpoints: those that take nothing for half a minute and are not off, the longest first.
        alerts: open ones, by kind.
    """

    now: datetime
    task_queue: str | None = None
    postgres: str | None = None
    full: bool = False
    writes: str | None = None
    keys: str | None = None
    workers: Sequence[WorkerFacts] = ()
    enrolled: int = 0
    first_enrolled_at: datetime | None = None
    awake: int = 0
    overdue: int = 0
    overdue_since: datetime | None = None
    polled_at: datetime | None = None
    ebay: Mapping[str, tuple[str, datetime | None]] = field(default_factory=dict)
    failing_endpoints: Sequence[FailingEndpoint] = ()
    alerts: Mapping[str, AlertFacts] = field(default_factory=dict)
    temporal: TemporalFacts | None = None

    @property
    def live(self) -> list[WorkerFacts]:
        """Workers that are there now."""
        return [one for one in self.workers if one.ended_at is None and self.now - one.last_seen_at <= GONE_AFTER]

    @property
    def is_older_version_at_work(self) -> bool:
        """Somebody polls who does not say that they are there: a worker of a version before."""
        seen = max((one.last_seen_at for one in self.workers), default=None)
        return self.polled_at is not None and (seen is None or self.polled_at > seen + GONE_AFTER)


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


def _names(given: Any) -> tuple[str, ...]:
    return tuple(one for one in given if isinstance(one, str)) if isinstance(given, list) else ()
