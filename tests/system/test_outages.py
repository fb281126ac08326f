"""Outages are made on real processes, one after the other: each surface says within a minute what is wrong, and what to do.

The table is docs/runbooks/outages.md.
"""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from tests.end_to_end.test_emptied import Execute, OwnTemporal, own_house
from tests.support.house import ROOT, Child, House
from tests.support.waiting import eventually_here

PROMISED_S = 60
LASTING = "second deployment"  # its alert closes some minutes later
SURFACES = ("list", "status", "watch", "doctor", "page", "seller's page", "readyz", "metric")


@dataclass
class Deployment:
    """A house with a worker and a web process."""

    house: House
    temporal: OwnTemporal
    execute: Execute
    worker: Child
    address: str
    metrics: str

    @property
    def database(self) -> str:
        name = make_url(self.house.database).database
        assert name
        return name

    def says(self) -> dict[str, str]:
        """Each surface, as text on one line."""
        said = {
            "list": self.house.command("list", COLUMNS="1000").out,
            "status": self.house.command("status", "anna", COLUMNS="1000").out,
            "watch": self.house.command("watch", COLUMNS="1000").out,
            "doctor": self.house.command("doctor", COLUMNS="1000").out,
            "page": httpx.get(self.address, timeout=30).text,
            "seller's page": httpx.get(f"{self.address}/sellers/anna", timeout=30).text,
            "readyz": httpx.get(f"{self.address}/readyz", timeout=30).text,
            "metric": httpx.get(self.metrics, timeout=30).text,
        }
        return {name: " ".join(text.replace("&#39;", "'").split()) for name, text in said.items()}


@dataclass(frozen=True)
class Outage:
    """What everybody says of it, and what `status` says beside of the seller; `silent`: surfaces that cannot know."""

    make: Callable[[Deployment], object]
    mend: Callable[[Deployment], object]
    part: str
    words: str
    remedy: str
    stalls: bool = True
    silent: tuple[str, ...] = ()

    def missing(self, deployment: Deployment) -> dict[str, str]:
        """Surfaces that do not say it yet."""
        said = {name: text.lower() for name, text in deployment.says().items()}  # a page begins its sentences with capital letters
        words, remedy = self.words.lower(), self.remedy.lower()
        metric = re.search(rf'^.*sellerbeat_unhealthy{{part="{self.part}"}} 1\b', said["metric"])
        speak = {name: words in said[name] and remedy in said[name] for name in SURFACES if name not in ("metric", "status")}
        state = said["status"].startswith("anna: stalled") and words in said["status"]
        speak |= {"metric": metric is not None, "status": state or not self.stalls}
        return {name: said[name] for name, speaks in speak.items() if not speaks and name not in self.silent}


def read_only(deployment: Deployment) -> None:
    set_read_only(deployment, "on")


def writable(deployment: Deployment) -> None:
    set_read_only(deployment, "off")


def set_read_only(deployment: Deployment, value: str) -> None:
    """For sessions to come; those that are there end."""
    deployment.execute(f'ALTER DATABASE "{deployment.database}" SET default_transaction_read_only = {value}')
    deployment.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{deployment.database}'")


def kill(deployment: Deployment) -> None:
    deployment.worker.end()


def start_anew(deployment: Deployment) -> None:
    deployment.worker = deployment.house.worker()


def wrong_keys(deployment: Deployment) -> None:
    deployment.worker.end(signal.SIGTERM)
    deployment.worker = deployment.house.worker(SELLERBEAT_SECRET_KEYS=Fernet.generate_key().decode())


def right_keys(deployment: Deployment) -> None:
    deployment.worker.end(signal.SIGTERM)
    start_anew(deployment)


def pause_schedule(deployment: Deployment) -> None:
    change_schedule(deployment, paused=True)


def unpause_schedule(deployment: Deployment) -> None:
    change_schedule(deployment, paused=False)


def change_schedule(deployment: Deployment, *, paused: bool) -> None:
    id_ = f"sellerbeat-planner:{deployment.house.environment['SELLERBEAT_TASK_QUEUE']}"

    async def change(client: object) -> None:
        handle = client.get_schedule_handle(id_)  # type: ignore[attr-defined]
        await (handle.pause() if paused else handle.unpause())

    deployment.house.ask(change)


def second_worker(deployment: Deployment) -> None:
    deployment.house.worker(SELLERBEAT_TASK_QUEUE="another-queue")


def end_second(deployment: Deployment) -> None:
    deployment.house.children[-1].end(signal.SIGTERM)


OUTAGES = {
    "worker frozen": Outage(
        lambda one: one.worker.tell(signal.SIGSTOP),
        lambda one: one.worker.tell(signal.SIGCONT),
        "worker",
        "no worker is seen: it is frozen or dead, since 20",
        "restart it",
    ),
    "worker dead": Outage(kill, start_anew, "worker", "no worker is seen: it is frozen or dead, since 20", "restart it"),
    "worker stopped": Outage(
        lambda one: one.worker.end(signal.SIGTERM),
        start_anew,
        "worker",
        "no worker runs: the last one was stopped, since 20",
        "start worker.py",
    ),
    "read-only": Outage(read_only, writable, "writes", "nothing can be stored: Postgres lets us only read", "or allow writing"),
    "wrong keys": Outage(
        wrong_keys, right_keys, "keys", "the worker's keys open no stored token, since 20", "put back the key that encrypted them"
    ),
    "schedules paused": Outage(
        pause_schedule,
        unpause_schedule,
        "schedules",
        "the schedule",
        "temporal schedule toggle --unpause",
        stalls=False,
    ),
    "Temporal dead": Outage(
        lambda one: one.temporal.running.close(),
        lambda one: one.temporal.start(()),
        "temporal",
        "Temporal does not answer the worker, since 20",
        "TEMPORAL_ADDRESS",
    ),
    "second deployment": Outage(
        second_worker, end_second, "deployments", "workers of 2 deployments use this database", "stop one of them", stalls=False
    ),
}


@contextmanager
def deployed(house: House, temporal: OwnTemporal, execute: Execute) -> Iterator[Deployment]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = f"127.0.0.1:{taken.getsockname()[1]}"
    house.enroll("anna")
    worker = house.worker()
    web = house.child("web", str(ROOT / "web.py"), SELLERBEAT_METRICS_BIND=metrics)
    found = eventually_here(lambda: re.search(r"web listens.*?(http://[^\s\"]+)", web.output()))
    yield Deployment(house, temporal, execute, worker, found[1], f"http://{metrics}/metrics")
    assert "Traceback" not in web.output()


def test_every_surface_says_within_a_minute_what_is_wrong_and_what_to_do(
    postgres_server: str, execute: Execute, migrated_template: str, tmp_path: Path
) -> None:
    settings = {"orders_every": "5s", "web_bind": "127.0.0.1:0"}
    with ExitStack() as stack:
        house, temporal = stack.enter_context(own_house(postgres_server, execute, migrated_template, tmp_path, **settings))
        deployment = stack.enter_context(deployed(house, temporal, execute))
        eventually_here(lambda: httpx.get(f"{deployment.address}/readyz").json()["findings"] == [])
        for name, outage in OUTAGES.items():
            outage.make(deployment)
            try:
                eventually_here(lambda outage=outage: not outage.missing(deployment), within=PROMISED_S)  # type: ignore[misc]
            except AssertionError:
                pytest.fail(f"{name}: {outage.missing(deployment)}")
            assert httpx.get(f"{deployment.address}/readyz").status_code == 200
            outage.mend(deployment)
            if name == LASTING:
                break
            eventually_here(lambda: httpx.get(f"{deployment.address}/readyz").json()["findings"] == [])
            eventually_here(lambda: house.command("status", "anna", "--json").object["state"] == "polling")
