"""What is wrong with the whole, since when, and what to do: decided once, for every surface that says it. Pure.

A part tells what it could see as facts; what it could not see is None. A cause hides what follows from it: with Postgres dead nobody
is polled, and 3,000 overdue polls are no news.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from domain import ebay_standing, endpoint_health
from domain.health_facts import CLOCK, GONE_AFTER, SLOW_S, FleetFacts, TemporalFacts, WorkerFindings
from domain.pacing.outage import DOWN_WORDS, TOKENS
from domain.pacing.words import words
from domain.streams import STREAMS

OVERDUE = timedelta(minutes=2)  # a poll's due time that nobody met; shorter ones happen where many are due at once
FIRST = timedelta(seconds=30)  # since the first seller was enrolled: so long it may take until a worker is started
MANY = 10  # of so many sellers one is overdue before that is the fleet's matter
UNPAUSE = "temporal schedule toggle --unpause --reason mended --schedule-id {id}"
RUNBOOK = "docs/runbooks/outages.md"


class HealthPart(StrEnum):
    """What can be ill, in the order of what hides what."""

    POSTGRES = "postgres"
    CONNECTIONS = "connections"
    WRITES = "writes"
    KEYS = "keys"
    WORKER = "worker"
    TEMPORAL = "temporal"
    WORKFLOWS = "workflows"
    SCHEDULES = "schedules"
    DEPLOYMENTS = "deployments"
    EBAY = "ebay"
    POLLING = "polling"
    CLOCK = "clock"
    DELIVERY = "delivery"
    NOTIFICATIONS = "notifications"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, for people.

    Attributes:
        since: UTC; None: nobody knows.
        runbook: where it is written what it means, a file of this repository.
    """

    part: HealthPart
    since: datetime | None
    sentence: str
    remedy: str
    runbook: str = RUNBOOK

    @property
    def what(self) -> str:
        """What is wrong, and since when: `no worker is seen, since 2026-12-01 02:13:10 UTC`."""
        return self.sentence + (f", since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if self.since else "")

    def line(self) -> str:
        """All of it in one line."""
        return f"{self.what}: {self.remedy}"


def findings(facts: FleetFacts) -> list[Finding]:
    """What is wrong, causes first, without what follows from them."""
    for one in (_postgres(facts), _writes(facts)):
        if one:
            return [one]
    found = [one for one in (_keys(facts), _worker(facts), _temporal(facts)) if one]
    parts = {one.part for one in found}
    if not parts & {HealthPart.WORKER, HealthPart.TEMPORAL}:
        found += _of_temporal(facts)
    found += _deployments(facts)
    found += [
        Finding(HealthPart.EBAY, since, words_of, ebay_standing.remedy(words_of), "docs/runbooks/ebay_down.md")
        for words_of, since in facts.ebay.values()
    ]
    if not found and (late := overdue(facts)):
        found.append(late)
    return [*found, *_clock(facts), *_of_alerts(facts)]


FOR_EVERYBODY = (
    *(HealthPart.POSTGRES, HealthPart.CONNECTIONS, HealthPart.WRITES, HealthPart.KEYS),
    *(HealthPart.WORKER, HealthPart.TEMPORAL, HealthPart.WORKFLOWS, HealthPart.SCHEDULES, HealthPart.POLLING),
)


def consequences(cause: str, text: str = "") -> frozenset[str]:
    """Kinds of alerts that follow from a cause, and are no news of their own while it lasts.

    Args:
        cause: a part that is ill, or the kind of the alert that is the cause: `ebay_down`, `endpoint_off:ENDPOINT`.
        text: of that alert: it says what of eBay is down.
    """
    kind, _, about = cause.partition(":")
    late, failing = (frozenset(f"{name}:{one.value}" for one in STREAMS) for name in ("late", "failing"))
    if kind in (HealthPart.KEYS, "keys_refused"):
        return late | failing
    if kind in FOR_EVERYBODY:
        return late | {"planner_late"}
    if kind == "ebay_down":
        down = resources_down(text)
        hit = [one.value for one, spec in STREAMS.items() if TOKENS in down or {spec.resource, spec.fails_with} & down]
        return frozenset(f"{name}:{stream}" for name in ("late", "failing", "slow_answer") for stream in hit)
    return frozenset({f"undelivered:{about}"}) if kind in ("endpoint_off", "endpoint_failing") else frozenset()


def resources_down(text: str) -> set[str]:
    """What of eBay an alert says is down; all, where it says nothing that this version knows."""
    return {resource for resource, words_of in DOWN_WORDS.items() if words_of in text} or set(DOWN_WORDS)


def standstill(facts: FleetFacts) -> Finding | None:
    """Why nobody at all is polled; None: nothing keeps everybody from it."""
    causes = (_postgres(facts), _writes(facts), _keys_of_workers(facts), _worker(facts), _temporal_of_workers(facts))
    return next((one for one in causes if one), None)


def overdue(facts: FleetFacts) -> Finding | None:
    """Polls of many sellers that nobody makes, whatever the reason."""
    if not facts.overdue or facts.overdue * MANY < facts.awake:
        return None
    text = f"polls of {facts.overdue:,} of {facts.awake:,} sellers are overdue"
    remedy = "start more workers, or see what the log of worker.py says; docs/runbooks/late.md"
    return Finding(HealthPart.POLLING, facts.overdue_since, text, remedy, "docs/runbooks/late.md")


def _postgres(facts: FleetFacts) -> Finding | None:
    if facts.postgres is None:
        return None
    part = HealthPart.CONNECTIONS if facts.full else HealthPart.POSTGRES
    sentence, _, remedy = facts.postgres.partition(": ")
    return Finding(part, None, sentence, remedy or "see that it runs, and that SELLERBEAT_DATABASE_URL is right")


def _writes(facts: FleetFacts) -> Finding | None:
    if facts.writes is None:
        full = _common_since(one.findings.disk_full_since for one in facts.live)
        return Finding(HealthPart.WRITES, full, "nothing can be stored: the disk of Postgres is full", DISK_REMEDY) if full else None
    sentence, _, remedy = facts.writes.partition(": ")
    since = max((one.last_seen_at for one in facts.workers), default=None)
    return Finding(
        HealthPart.WRITES, None if facts.live else since, f"nothing can be stored: {sentence}", remedy or "look at Postgres' log"
    )


DISK_REMEDY = "make room there; what could not be stored is tried again"


def _keys(facts: FleetFacts) -> Finding | None:
    if found := _keys_of_workers(facts):
        return found
    text = "the keys of this process open no stored token"
    return Finding(HealthPart.KEYS, None, text, KEYS_REMEDY) if facts.keys is not None else None


KEYS_REMEDY = "put back the key that encrypted them into SELLERBEAT_SECRET_KEYS, and restart; ask no seller for a new consent"


def _keys_of_workers(facts: FleetFacts) -> Finding | None:
    since = _common_since(one.findings.keys_since for one in facts.live)
    return Finding(HealthPart.KEYS, since, "the worker's keys open no stored token", KEYS_REMEDY) if since else None


def _worker(facts: FleetFacts) -> Finding | None:
    """One that only its version keeps from saying that it is there is not missed: its polls are known, or Temporal knows it."""
    if facts.live or facts.is_older_version_at_work:
        return None
    if facts.workers:
        last = max(facts.workers, key=lambda one: one.last_seen_at)
        if facts.now - last.last_seen_at <= GONE_AFTER:
            return None  # it was stopped, and is perhaps just started anew
        if last.ended_at is not None:
            return Finding(HealthPart.WORKER, last.ended_at, "no worker runs: the last one was stopped", "start worker.py")
        remedy = "see whether worker.py still runs and what its log says, then restart it; nothing is lost"
        return Finding(HealthPart.WORKER, last.last_seen_at, "no worker is seen: it is frozen or dead", remedy)
    if facts.first_enrolled_at and facts.now - facts.first_enrolled_at > FIRST:
        remedy = "start worker.py; if one runs, it uses another database, or is of an older version"
        return Finding(HealthPart.WORKER, None, "no worker has run yet", remedy)
    queue = f" on task queue {facts.task_queue}" if facts.task_queue else ""
    if facts.temporal and facts.temporal.has_pollers is False:
        return Finding(HealthPart.WORKER, None, f"Nobody works{queue}", "start worker.py")
    return None


def _temporal(facts: FleetFacts) -> Finding | None:
    if found := _temporal_of_workers(facts):
        return found
    if facts.temporal and facts.temporal.error is not None:
        sentence, _, remedy = facts.temporal.error.partition("; ")
        return Finding(HealthPart.TEMPORAL, None, sentence, remedy or TEMPORAL_REMEDY)
    slow_s = max([facts.temporal.answer_s if facts.temporal else 0.0, *(one.findings.temporal_slow_s for one in facts.live)])
    if slow_s <= SLOW_S:
        return None
    remedy = "see the load of its machine and of its database; polls go on, but late"
    return Finding(HealthPart.TEMPORAL, None, f"Temporal is slow: it took {slow_s:.1f} s to say that it is well", remedy)


TEMPORAL_REMEDY = "see that it runs, and that TEMPORAL_ADDRESS is right; polling goes on by itself once it answers"


def _temporal_of_workers(facts: FleetFacts) -> Finding | None:
    since = _common_since(one.findings.temporal_since for one in facts.live)
    return Finding(HealthPart.TEMPORAL, since, "Temporal does not answer the worker", TEMPORAL_REMEDY) if since else None


def _of_temporal(facts: FleetFacts) -> Iterator[Finding]:
    asked = facts.temporal
    if asked and asked.workflows is not None and asked.workflows < facts.enrolled:
        text = f"{facts.enrolled - asked.workflows:,} of {facts.enrolled:,} sellers have no workflow in Temporal"
        yield Finding(
            HealthPart.WORKFLOWS, None, text, "a running worker starts them within some minutes; was Temporal's database emptied?"
        )
    sources: Iterator[TemporalFacts | WorkerFindings] = iter([asked] if asked else [one.findings for one in facts.live])
    known = list(sources)
    if missing := sorted({name for one in known for name in one.schedules_missing}):
        text = f"Temporal lacks the schedule{'' if len(missing) == 1 else 's'} {', '.join(missing)}"
        yield Finding(HealthPart.SCHEDULES, None, text, "a running worker makes them within a minute; if not, run starter.py migrate")
    if paused := sorted({name for one in known for name in one.schedules_paused}):
        text = f"paused in Temporal: the schedule{'' if len(paused) == 1 else 's'} {', '.join(paused)}"
        yield Finding(HealthPart.SCHEDULES, None, text, UNPAUSE.format(id=paused[0]))


def _deployments(facts: FleetFacts) -> Iterator[Finding]:
    queues = sorted({one.task_queue for one in facts.live})
    if len(queues) > 1:
        text = f"workers of {len(queues)} deployments use this database (task queues {', '.join(queues)})"
        yield Finding(HealthPart.DEPLOYMENTS, None, text, DEPLOYMENTS_REMEDY, "docs/runbooks/two_deployments.md")
    elif alert := facts.alerts.get("two_deployments"):
        text = "two deployments use this database"
        yield Finding(HealthPart.DEPLOYMENTS, alert.since, text, DEPLOYMENTS_REMEDY, "docs/runbooks/two_deployments.md")


DEPLOYMENTS_REMEDY = "stop one of them, or give each its own database"


def _clock(facts: FleetFacts) -> Iterator[Finding]:
    off = max((one.findings.clock_off_s for one in facts.live), key=abs, default=0)
    if abs(off) > CLOCK.total_seconds():
        text = f"a worker's clock is {words(abs(off))} {'ahead of' if off > 0 else 'behind'} Postgres'"
        yield Finding(HealthPart.CLOCK, None, text, "let both machines follow a time server (timedatectl set-ntp true)")


ENDPOINT_FAILING = "endpoint_failing"
OF_ALERTS: dict[str, tuple[HealthPart, str, str, str]] = {
    "endpoint_off": (
        HealthPart.DELIVERY,
        "endpoint is off",
        "endpoints are off",
        "see starter.py endpoints, then starter.py endpoint enable ID",
    ),
    ENDPOINT_FAILING: (
        HealthPart.DELIVERY,
        "endpoint fails",
        "endpoints fail",
        "see its answers: starter.py deliveries --failed; nothing is dropped",
    ),
    "notifications_stopped": (
        HealthPart.NOTIFICATIONS,
        "seller gets no more notifications of eBay",
        "sellers get no more notifications of eBay",
        "polling is as before; does eBay reach us? See starter.py reconcile",
    ),
}


def _of_alerts(facts: FleetFacts) -> Iterator[Finding]:
    if failing := facts.failing_endpoints:  # each of them, with its answer: their alerts come after an hour
        part, _, _, remedy = OF_ALERTS[ENDPOINT_FAILING]
        yield Finding(part, failing[0].since, endpoint_health.sentence(failing), remedy, f"docs/runbooks/{ENDPOINT_FAILING}.md")
    for kind, (part, one, many, remedy) in OF_ALERTS.items():
        if kind == ENDPOINT_FAILING and failing:
            continue
        if alert := facts.alerts.get(kind):
            yield Finding(part, alert.since, f"{alert.count:,} {one if alert.count == 1 else many}", remedy, f"docs/runbooks/{kind}.md")


def _common_since(moments: Any) -> datetime | None:
    """The earliest, where all of them have one: a worker that is well polls for all."""
    known = list(moments)
    return min(known) if known and all(known) else None
