"""Whatever happens to the process that started the servers: they end, and the next start in the folder goes on."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg2
import pytest

from demo_stack import devstack
from demo_stack.devstack.binaries import postgres_bin, temporal_cli
from demo_stack.devstack.keeper import in_child
from demo_stack.devstack.postgres import _user
from tests.demo_stack.devstack.conftest import ServerOwner, at_work, ended
from tests.demo_stack.devstack.test_postgres import ask
from tests.support.waiting import PATIENCE_S, eventually_here


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, *(pytest.param(one, marks=pytest.mark.repeats) for one in (signal.SIGINT, signal.SIGHUP))]
)
def test_a_signal_to_the_owner_ends_both_servers(used: Path, child: Callable[..., ServerOwner], number: int) -> None:
    owner = child(f"devstack.stack(Path({str(used)!r}), fast=True)")
    servers = at_work(used)
    names = {process.name() for process in servers}

    code = owner.end(number)

    assert {"postgres", "temporal"} <= names
    assert code == -number
    eventually_here(lambda: ended(servers))
    assert "database system is shut down" in (used / "postgres/postgres.log").read_text()


def test_ctrl_c_in_the_terminal_leaves_the_servers_up_until_the_block_ends(used: Path, child: Callable[..., ServerOwner]) -> None:
    owner = child(
        f"devstack.postgres(Path({str(used)!r}), fast=True)", finally_="import psycopg2; psycopg2.connect(server); print('served')"
    )

    said = owner.press_ctrl_c()

    assert said == "served\n"
    assert at_work(used) == []


def test_the_start_after_a_kill_needs_no_pause(used: Path, child: Callable[..., ServerOwner]) -> None:
    with devstack.stack(used, fast=True) as before:
        ask(before.database_url, "CREATE TABLE kept_after_a_kill AS SELECT 7 AS n")
    owner = child(f"devstack.stack(Path({str(used)!r}), fast=True)")

    owner.end(signal.SIGKILL)
    with devstack.stack(used, fast=True) as after:
        stored = ask(after.database_url, "SELECT n FROM kept_after_a_kill")

    assert (stored, after.database_url, after.temporal.address) == ("7", before.database_url, before.temporal.address)
    assert at_work(used) == []


def test_even_a_killed_keeper_leaves_a_folder_that_starts(used: Path, child: Callable[..., ServerOwner]) -> None:
    owner = child(f"devstack.stack(Path({str(used)!r}), fast=True)")
    keepers = [process for process in at_work(used) if any("keeper.py" in word for word in process.cmdline())]
    owner.process.send_signal(signal.SIGSTOP)
    for keeper in keepers:
        keeper.kill()
    owner.end(signal.SIGKILL)

    with devstack.stack(used, fast=True) as servers:
        answer = ask(servers.database_url, "SELECT 1")

    assert len(keepers) == 2
    assert answer == "1"
    assert at_work(used) == []


def test_a_postgres_that_nobody_keeps_is_stopped_before_the_next_one_starts(used: Path) -> None:
    with devstack.postgres(used, fast=True) as url:
        pass
    data = used / "postgres/data"
    arguments = ["-D", str(data), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", f"port={_port(url)}"]
    stray = subprocess.Popen(
        [str(postgres_bin() / "postgres"), *arguments],
        stderr=subprocess.DEVNULL,
        preexec_fn=in_child(_user(data), signal.SIGINT),
    )
    eventually_here(lambda: _reachable(url))

    with devstack.postgres(used, fast=True) as again:
        answer = ask(again, "SELECT 1")

    assert (answer, stray.wait(PATIENCE_S)) == ("1", 0)


def test_a_temporal_that_nobody_keeps_is_stopped_before_the_next_one_starts(folder: Path) -> None:
    with devstack.temporal(folder) as server:
        pass
    port, file = server.address.split(":")[1], folder / "temporal/temporal.db"
    stray = subprocess.Popen(
        [str(temporal_cli()), "server", "start-dev", "--headless", "--port", port, "--db-filename", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually_here(lambda: len(psutil.Process(stray.pid).net_connections()) > 0)

    with devstack.temporal(folder) as again:
        left = [process.pid for process in at_work(folder)]

    assert again == server
    assert stray.pid not in left
    assert stray.wait(PATIENCE_S) is not None


def _port(url: str) -> str:
    return url.rsplit(":", 1)[1].split("/")[0]


def _reachable(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True
