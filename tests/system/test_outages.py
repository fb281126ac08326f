"""Outages are made on real processes, one after the other: each surface says within a minute what is wrong, and what to do.

The table is docs/runbooks/outages.md; what is done to servers is in test_outages_of_servers.py.
"""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.end_to_end.test_emptied import Execute, own_house
from tests.support.waiting import eventually_here
from tests.system.outages import PROMISED_S, Deployment, Outage, deployed

LASTING = "second deployment"  # its alert closes some minutes later


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
        second_worker,
        end_second,
        "deployments",
        "workers of 2 deployments use this database",
        "stop one of them",
        stalls=False,
        silent=("alerts",),  # where its own alert is open already, that is what they say
    ),
}


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
