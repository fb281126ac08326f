"""No worker ever, Temporal emptied, eBay and its proxy killed, polls that nobody makes: each surface says it within a minute, and its end.

One seller, for whom nobody else could tell whether eBay is there. eBay is a process of its own, and so is the proxy.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import psycopg2
import pytest

from domain.health import OVERDUE
from simulator import World
from tests.end_to_end.test_emptied import Execute, OwnTemporal
from tests.support.databases import fresh
from tests.support.house import House
from tests.support.waiting import eventually_here
from tests.system.outages import PROMISED_S, Deployment, Outage, deployed
from tests.system.programs import Program, proxy_to, simulated_ebay

SEED = 33
PAST = "watch", "seller's page"  # the newest changes have the alert, and the polls of a day their errors


class Surroundings:
    """What the deployment stands on, and what is done to it."""

    def __init__(self, ebay: Program, proxy: Program) -> None:
        self.ebay, self.proxy = ebay, proxy
        self.held = ExitStack()

    def lock_streams(self, deployment: Deployment) -> None:
        """As a long `CREATE INDEX` does: rows are read, and no poll can be stored."""
        connection = self.held.enter_context(closing(psycopg2.connect(deployment.house.database)))
        connection.cursor().execute("LOCK TABLE sellerbeat.streams IN SHARE MODE")

    def by_proxy(self, deployment: Deployment) -> None:
        deployment.house.environment["http_proxy"] = f"http://somebody:password@{self.proxy.address}"
        start_anew(deployment)

    def without_proxy(self, deployment: Deployment) -> None:
        self.proxy.start()
        eventually_here(lambda: deployment.is_well())


def start_anew(deployment: Deployment) -> None:
    if deployment.workers:
        deployment.worker.end(signal.SIGTERM)
    deployment.worker = deployment.house.worker()
    eventually_here(lambda: deployment.is_well())


def migrate(deployment: Deployment) -> None:
    assert deployment.house.command("migrate").code == 0


def outages(around: Surroundings) -> dict[str, Outage]:
    """In this order: the first one ends when a worker is started."""
    return {
        "no worker ever": Outage(lambda _: None, start_anew, "worker", "no worker has run yet", "start worker.py"),
        "Temporal emptied": Outage(
            lambda one: one.temporal.empty(),
            migrate,
            "schedules",
            "Temporal lacks the schedules",
            "run starter.py migrate",
            stalls=False,
            silent=("doctor",),  # it says so in words of its own: `worker`
        ),
        "eBay down": Outage(
            lambda _: around.ebay.kill(),
            lambda _: around.ebay.start(),
            "ebay",
            f"cannot reach eBay at {around.ebay.address}",
            "see the line, DNS and firewall from here",
            state="ebay_down",
            remembering=PAST,
        ),
        "proxy down": Outage(
            lambda _: around.proxy.kill(),
            around.without_proxy,
            "ebay",
            f"cannot reach the proxy at {around.proxy.address}",
            "mend the proxy, or correct HTTPS_PROXY",
            state="ebay_down",
            remembering=PAST,
        ),
        "overdue polls": Outage(
            around.lock_streams,
            lambda _: around.held.close(),
            "polling",
            "polls of 1 of 1 sellers are overdue, since 20",
            "see what the log of worker.py says",
            stalls=False,
        ),
    }


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Surroundings]:
    with ExitStack() as things:
        ebay = simulated_ebay(SEED, tmp_path / "ledger.jsonl", "anna")
        things.callback(ebay.kill)
        proxy = proxy_to(ebay.address)
        things.callback(proxy.kill)
        surroundings = Surroundings(ebay, proxy)
        things.callback(surroundings.held.close)
        yield surroundings


@pytest.fixture
def deployment(
    around: Surroundings, postgres_server: str, execute: Execute, migrated_template: str, tmp_path: Path
) -> Iterator[Deployment]:
    world, temporal = World(seed=SEED), OwnTemporal(tmp_path / "stack")  # the world makes the tokens that the process knows
    world.add_seller("anna")
    with temporal.running, fresh(postgres_server, execute, migrated_template) as database:
        settings = {"orders_every": "5s", "web_bind": "127.0.0.1:0"}
        house = House(tmp_path, world, f"http://{around.ebay.address}", database, temporal.address, **settings)
        try:
            with deployed(house, temporal, execute, with_worker=False) as one:
                yield one
        finally:
            house.close()


def test_every_surface_says_within_a_minute_what_is_wrong_and_what_to_do_for_one_seller(
    around: Surroundings, deployment: Deployment
) -> None:
    for name, outage in outages(around).items():
        if name == "proxy down":
            around.by_proxy(deployment)
        outage.make(deployment)
        late_s = OVERDUE.total_seconds() if name == "overdue polls" else 0  # until then they are not
        began = time.monotonic()
        try:
            eventually_here(lambda outage=outage: not outage.missing(deployment), within=late_s + PROMISED_S)  # type: ignore[misc]
        except AssertionError:
            pytest.fail(f"{name}: {outage.missing(deployment)}", pytrace=False)
        sys.stdout.write(f"{name}: said by all after {time.monotonic() - began:.0f} s\n")
        said = deployment.says()
        ready = httpx.get(f"{deployment.address}/readyz", timeout=30).status_code
        outage.mend(deployment)

        assert ready == 200
        assert [text for text in said.values() if "password" in text] == []
        eventually_here(lambda: deployment.is_well())
        try:
            eventually_here(lambda outage=outage: not outage.still_said(deployment))  # type: ignore[misc]
        except AssertionError:
            pytest.fail(f"{name} is over: {outage.still_said(deployment)}", pytrace=False)
