"""What is done to Postgres, Temporal, the clock and receivers: each surface says it within a minute, and its end.

Postgres is one of our own on a small disk, a tmpfs of its own, which is really full: nothing less refuses a file as a disk does (a limit of
the size of files, which needs no rights, is another error to Postgres). So this file is run as root. The line to Temporal is a relay
of ours (`slow_line.py`), and the worker whose clock is wrong has another `clock_gettime`, compiled here.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg2
import pytest

from demo_stack import devstack
from simulator import World, serve
from store.schema import migrate
from store.schema.kinds import AlertKind
from tests.end_to_end.test_emptied import OwnTemporal
from tests.support.house import ROOT, STARTED, House
from tests.support.receivers import Receiver, answering
from tests.support.waiting import eventually_here
from tests.system.outages import PROMISED_S, Deployment, Outage, deployed
from tests.system.slow_line import SlowLine

DISK = "400m"
OF_ALERT = ("alerts",)  # it says it in the words of the alert that is there
END_OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> ALL (%s)
"""
AHEAD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t which, struct timespec *found) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(which, found);
    if (which == CLOCK_REALTIME) found->tv_sec += 300;
    return answer;
}
"""


class Servers:
    """What the deployment stands on, and what is done to it."""

    def __init__(self, disk: Path, folder: Path, things: ExitStack) -> None:
        self.disk, self.folder = disk, folder
        self.postgres = things.enter_context(ExitStack())
        self.url = self.start_postgres()
        self.temporal = OwnTemporal(folder / "stack")
        things.enter_context(self.temporal.running)
        self.line = SlowLine(self.temporal.address)
        things.callback(self.line.close)
        self.held = things.enter_context(ExitStack())  # while an outage lasts

    def start_postgres(self) -> str:
        return self.postgres.enter_context(devstack.postgres(self.disk, fast=True))

    def execute(self, statement: str) -> None:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def take_all_connections(self) -> None:
        """Those of the deployment are ended, and whoever comes again finds none left."""
        mine: list[Any] = []
        self.held.callback(lambda: [one.close() for one in mine])
        pids: set[int] = set()
        while True:
            with suppress(psycopg2.OperationalError):
                while True:
                    mine.append(psycopg2.connect(self.url))
                    mine[-1].autocommit = True
                    pids.add(mine[-1].get_backend_pid())
            with mine[0].cursor() as cursor:
                cursor.execute(
                    END_OTHERS,
                    (list(pids),),
                )
                if cursor.fetchone() == (0,):
                    return

    def fill_disk(self) -> None:
        with suppress(OSError), (self.disk / "ballast").open("wb", buffering=0) as file:
            while file.write(b"\0" * 65536):
                pass

    def make_room(self) -> None:
        (self.disk / "ballast").unlink()

    def delay(self, seconds: float) -> None:
        self.line.delay_s = seconds


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder, disk = tmp_path_factory.mktemp("servers"), tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0711", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode:
        pytest.fail(f"no small disk: {mounted.stderr.strip()}; run this file as root", pytrace=False)
    for parent in disk.parents[:2]:
        parent.chmod(parent.stat().st_mode | 0o011)  # Postgres runs as another user, who goes through them
    try:
        with ExitStack() as things:
            yield Servers(disk, folder, things)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture(scope="module")
def deployment(servers: Servers) -> Iterator[Deployment]:
    database = devstack.create_database(servers.url, "sellerbeat")
    migrate.upgrade(database)
    world = World(seed=32)
    with serve(world) as ebay:
        settings = {"orders_every": "5s", "web_bind": "127.0.0.1:0", "delivery_loopback": "true"}
        house = House(servers.folder, world, ebay.url, database, servers.line.address, **settings)
        try:
            with deployed(house, servers.temporal, servers.execute) as one:
                eventually_here(lambda: one.is_well())
                yield one
        finally:
            house.close()


def as_usual(deployment: Deployment) -> None:
    """A worker in the usual environment in place of the one that is there."""
    deployment.worker.end(signal.SIGTERM)
    deployment.worker = deployment.house.worker()


def ahead(deployment: Deployment, shim: str) -> None:
    deployment.worker.end(signal.SIGTERM)
    deployment.worker = worker = deployment.house.child("worker", str(ROOT / "worker.py"), stdin="", LD_PRELOAD=shim)
    eventually_here(lambda: STARTED in worker.output())


def outage(name: str, servers: Servers, needs: Callable[[str, str], str]) -> Outage:
    """By its name; what it takes is made here, before the outage begins."""
    if name == "Postgres dead":
        words = "Postgres cannot be reached", "is SELLERBEAT_DATABASE_URL right"
        return Outage(
            lambda _: servers.postgres.close(), lambda _: servers.start_postgres(), "postgres", *words, lacks_state=True, ready=False
        )
    if name == "Postgres out of connections":
        words = "takes no more connections", "raise its limit (max_connections"
        return Outage(
            lambda _: servers.take_all_connections(),
            lambda _: servers.held.close(),
            "connections",
            *words,
            lacks_state=True,
            ready=False,
        )
    if name == "disk full":
        words = "nothing can be stored: the disk of Postgres is full", "make room there"
        return Outage(lambda _: servers.fill_disk(), lambda _: servers.make_room(), "writes", *words)
    if name == "Temporal slow":
        words = "Temporal is slow: it took", "see the load of its machine"
        return Outage(
            lambda _: setattr(servers.line, "delay_s", 0.7),
            lambda _: setattr(servers.line, "delay_s", 0.0),
            "temporal",
            *words,
            stalls=False,
        )
    if name == "clock off":
        source, shim = servers.folder / "ahead.c", str(servers.folder / "ahead.so")
        source.write_text(AHEAD)
        subprocess.run([needs("cc", "apt-get install gcc"), "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
        words = "a worker's clock is 5 min ahead of Postgres'", "timedatectl set-ntp true"
        return Outage(lambda one: ahead(one, shim), as_usual, "clock", *words, stalls=False)
    if name == "endpoint off":
        gone = servers.held.enter_context(Receiver(answering(410)))
        words = "1 endpoint is off", "starter.py endpoint enable"

        def make(one: Deployment) -> None:
            assert one.house.command("endpoint", "add", gone.url).code == 0
            one.house.world.place_order("anna")

        def remove(one: Deployment) -> None:
            for row in one.house.command("endpoints", "--json").objects:
                one.house.command("endpoint", "remove", str(row["id"]))
            servers.held.close()

        return Outage(make, remove, "delivery", *words, stalls=False, silent=OF_ALERT)
    assert name == "notifications stopped"  # after hours without one; here by the alert that tells of it
    words = "1 seller gets no more notifications", "See starter.py reconcile"
    alert = AlertKind.NOTIFICATIONS_STOPPED
    return Outage(
        lambda one: one.house.store.open_alert(alert, "none came", "anna"),
        lambda one: one.house.store.close_alert(alert, "anna"),
        "notifications",
        *words,
        stalls=False,
        silent=OF_ALERT,
    )


@pytest.mark.parametrize(
    "name",
    [
        *("Postgres dead", "Postgres out of connections", "disk full", "Temporal slow"),
        *("clock off", "endpoint off", "notifications stopped"),
    ],
)
def test_every_surface_says_it_within_a_minute_with_the_remedy_and_its_end_too(
    name: str, servers: Servers, deployment: Deployment, needs: Callable[[str, str], str]
) -> None:
    made = outage(name, servers, needs)
    made.make(deployment)
    try:
        eventually_here(lambda: not made.missing(deployment), within=PROMISED_S)
    except AssertionError:
        pytest.fail(f"{name}: {made.missing(deployment)}", pytrace=False)
    status = httpx.get(f"{deployment.address}/readyz", timeout=30).status_code
    made.mend(deployment)

    assert status == (200 if made.ready else 503)
    eventually_here(lambda: deployment.is_well())
    eventually_here(lambda: not made.still_said(deployment))
