"""pgbouncer between Sellerbeat and Postgres, in both modes that can serve it: a small life is judged, and what it refuses is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil
import psycopg2
import pytest
from sqlalchemy import make_url

from domain.pacing import Stream
from lab.chaos.deployment import Deployment, deployment, until
from lab.chaos.report import say
from simulator import Life, World
from store import Store, StoreError, StoreUnavailableError
from store.schema import faults, leases, migrate
from store.schema.between import Between
from store.schema.errors import SharedSessionsError
from store.schema.standing import standing
from tests.support.receivers import Receiver

INSTALL = "apt-get install pgbouncer"
SELLERS = 4
LIFE_S = 20.0
Needs = Callable[[str, str], str]


@dataclass
class PgBouncer:
    program: str
    postgres: str
    folder: Path
    port: int
    settings: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def sessions(self) -> int:
        """How many of Postgres' it has."""
        assert self.process
        port = make_url(self.postgres).port
        return sum(1 for one in psutil.Process(self.process.pid).net_connections("tcp") if one.raddr and one.raddr.port == port)

    @property
    def url(self) -> str:
        return make_url(self.postgres).set(host="127.0.0.1", port=self.port).render_as_string(hide_password=False)

    def write(self) -> Path:
        server = make_url(self.postgres)
        names = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": str(self.folder / "users"),
            "server_round_robin": "1",  # so that hardly any transaction gets the session of the one before
            "max_client_conn": "300",
            **({"user": "nobody"} if os.geteuid() == 0 else {}),
            **self.settings,
        }
        (self.folder / "users").write_text(f'"{server.username}" "{server.password}"\n')
        file = self.folder / "pgbouncer.ini"
        lines = [f"* = host={server.host} port={server.port}", "[pgbouncer]", *(f"{name} = {value}" for name, value in names.items())]
        file.write_text("\n".join(["[databases]", *lines]) + "\n")
        return file


@contextmanager
def pgbouncer(needs: Needs, postgres: str, **settings: str) -> Iterator[PgBouncer]:
    """It answers, with these settings of its own."""
    program = needs("pgbouncer", INSTALL)
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name, socket.create_server(("127.0.0.1", 0)) as free:
        folder = Path(name)
        folder.chmod(0o755)  # it becomes another user
        it = PgBouncer(program, postgres, folder, free.getsockname()[1], settings)
        file = it.write()
        free.close()
        with (folder / "log").open("wb") as log:
            it.process = process = subprocess.Popen([program, str(file)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            until(lambda: answers(it.port) or process.poll() is not None, 20, "pgbouncer answers")
            assert process.poll() is None, (folder / "log").read_text()
            yield it
        finally:
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@pytest.fixture(scope="module")
def needs_pgbouncer(needs: Needs) -> Needs:
    os.environ["PATH"] += f"{os.pathsep}/usr/sbin"  # where Debian has it, and few people's PATH
    return needs


def world() -> World:
    one = World(seed=17)
    for number in range(SELLERS):
        one.add_seller(f"seller-{number}", 12.0, 60)
        one.preload_skus(f"seller-{number}")
    return one


FREE_S = leases.LASTS.total_seconds() + 4  # so long after a death at most nobody leads: the lease ends, and another dispatcher asks


def leads(store: Store) -> bool:
    with store.backlog.leading() as connection:
        return connection is not None


def left_behind(url: str) -> set[tuple[str, str]]:
    """Time-outs of sessions as a stranger finds them."""
    found = set()
    for _ in range(20):
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
            found.add(cursor.fetchone())
    return found


def delivered_in_order(here: Deployment, receiver: Receiver) -> tuple[int, int]:
    """How many changes reached the receiver, and how many came again; each seller's first came in the order of the feed."""
    events = here.house.events()
    got = [post.headers["webhook-id"] for post in receiver.posts]
    first = list(dict.fromkeys(got))
    assert set(first) == {event["id"] for event in events}
    place = {identity: number for number, identity in enumerate(first)}
    for seller in here.sellers:
        mine = [place[event["id"]] for event in events if event["seller_id"] == seller]
        assert all(before < after for before, after in pairwise(mine)), seller
    return len(first), len(got) - len(first)


@pytest.mark.parametrize(
    ("mode", "sessions"), [("transaction", 6), ("session", 80)]
)  # two workers hold up to 66 connections: in transaction mode six sessions serve them all
def test_a_life_behind_pgbouncer_loses_nothing_and_tells_nothing_twice(needs_pgbouncer: Needs, mode: str, sessions: int) -> None:
    with (
        deployment(world(), delivery_loopback="1") as (here, _),
        pgbouncer(
            needs_pgbouncer, here.house.environment["SELLERBEAT_DATABASE_URL"], pool_mode=mode, default_pool_size=str(sessions)
        ) as it,
        Receiver() as receiver,
        closing(Store.connect(it.url, [here.house.key], pool_size=3)) as beside,
    ):
        here.crew.environment["SELLERBEAT_DATABASE_URL"] = it.url
        here.enroll(list(here.world.sellers))
        here.house.store.endpoints.add(receiver.url, ["*"], None, False)
        first, second = here.crew.start(wait=True), here.crew.start(wait=True)
        until(lambda: not leads(beside), 10, "a worker's dispatcher leads")
        free: list[float] = []  # seconds after the kill at which nobody led; before it less than 0
        killed, most = float("inf"), 0
        with Life(here.world, 1500.0):
            end = time.monotonic() + LIFE_S
            while time.monotonic() < end:
                if leads(beside):
                    free.append(time.monotonic() - killed)
                most = max(most, it.sessions())
                time.sleep(0.2)
                if first.process.exitcode is None and time.monotonic() > end - LIFE_S / 2:
                    first.kill()  # and the lead with it, or not
                    killed = time.monotonic()
                    here.forget_dead_workers()
                    here.crew.start(wait=True)
        took = here.poll_all()
        found = here.verdict()
        until(lambda: len({post.headers["webhook-id"] for post in receiver.posts}) == len(here.house.events()), 60, "all is delivered")
        delivered, again = delivered_in_order(here, receiver)
        waited = waits_for_a_lock(here, beside)
        assert second.stop() == 0
        here.crew.workers[-1].stop()
        until(lambda: leads(beside), leases.LASTS.total_seconds() + 5, "the lead is free")
        strange = left_behind(it.url)

    settled = f"settled in {took:.1f} s; {most} sessions at most; waited {waited:.1f} s for a lock"
    say(f"pgbouncer, {mode} mode: {found}; {delivered} delivered, {again} again; {settled}")
    assert found.ok, found.examples
    assert found.changes > 50
    assert again <= 64  # what the killed worker had in hand
    assert all(0 < after < FREE_S for after in free), free  # where the leader died: until another worker asked
    assert 4.5 < waited < 8
    assert strange == {("0", "0")}
    assert most <= sessions


def waits_for_a_lock(here: Deployment, store: Store) -> float:
    with here.house.store.commit(here.house.store.begin(here.sellers[0], Stream.ORDERS)):
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="held a lock for too long"):
            store.begin(here.sellers[0], Stream.ORDERS)
        return time.monotonic() - began


def refused(url: str) -> str:
    with closing(Store.connect(url, ["x" * 43 + "="], pool_size=1)) as store:
        with pytest.raises(StoreError) as caught:
            store.check()
        return str(caught.value)


def test_what_pgbouncer_refuses_is_told_as_what_it_is(needs_pgbouncer: Needs, database: str) -> None:
    with pgbouncer(
        needs_pgbouncer, database, pool_mode="session", default_pool_size="1", max_client_conn="2", query_wait_timeout="1"
    ) as it:
        url = make_url(it.url)
        with closing(psycopg2.connect(it.url)) as held:
            held.cursor().execute("SELECT 1")
            assert refused(it.url) == faults.UNAVAILABLE["53300"]  # waited for a session
            with closing(psycopg2.connect(it.url)):
                assert refused(it.url) == faults.UNAVAILABLE["53300"]  # no more clients
        for changed in (url.set(password="another"), url.set(username="nobody_at_all")):
            assert refused(changed.render_as_string(hide_password=False)) == faults.UNAVAILABLE["28P01"]
        assert refused(url.set(database="none_of_this_name").render_as_string(hide_password=False)) == faults.UNAVAILABLE["3D000"]
    with pgbouncer(needs_pgbouncer, database, pool_mode="statement") as it:
        assert "the pooler is in statement mode" in refused(it.url)
    nowhere = make_url(database).set(port=1).render_as_string(hide_password=False)
    with pgbouncer(needs_pgbouncer, nowhere, server_login_retry="1", query_wait_timeout="3") as it:
        assert refused(it.url) in (faults._NO_SERVER, faults.UNAVAILABLE["53300"])


def test_migrate_and_doctor_say_which_mode_stands_between(needs_pgbouncer: Needs, empty_database: str) -> None:
    with pgbouncer(needs_pgbouncer, empty_database, pool_mode="transaction") as it:
        with pytest.raises(SharedSessionsError):
            migrate.upgrade(it.url)
        assert migrate.current(it.url) is None
        assert standing(it.url).between is Between.TRANSACTION_POOLER
    with pgbouncer(needs_pgbouncer, empty_database, pool_mode="transaction", server_round_robin="0", default_pool_size="1") as it:
        assert standing(it.url).between is Between.TRANSACTION_POOLER
    with pgbouncer(needs_pgbouncer, empty_database, pool_mode="session", default_pool_size="1") as it:  # the second one waits in vain
        assert standing(it.url).between is Between.SESSION_POOLER
    with pgbouncer(needs_pgbouncer, empty_database, pool_mode="session") as it:
        assert migrate.upgrade(it.url) == migrate.newest()
        assert standing(it.url).between is Between.SESSION_POOLER
        assert standing(it.url).waits == {"lock_timeout": "5s", "statement_timeout": "15s", "idle_in_transaction_session_timeout": "30s"}
    assert migrate.examine(empty_database) == migrate.newest()
