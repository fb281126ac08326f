"""A folder for each test, and children that start servers: what happens to them is seen from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from demo_stack import devstack
from demo_stack.devstack.leftovers import stop_leftovers
from tests.support.present import present
from tests.support.waiting import PATIENCE_S

Spawn = Callable[..., "subprocess.Popen[str]"]
ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder of this test's own."""
    folder = Path(tempfile.mkdtemp(prefix="devstack-")).resolve()
    yield folder
    stop_all(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="devstack-")).resolve()
    with devstack.postgres(folder, fast=True):
        pass
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def used(made: Path) -> Iterator[Path]:
    """A folder in which Postgres ran before: the same one for all tests, as making the data takes a second of computing."""
    yield made
    stop_all(made)
    shutil.rmtree(made / "temporal", ignore_errors=True)
    (made / "postgres/server.json").unlink(missing_ok=True)
    (made / "postgres/data/postmaster.pid").unlink(missing_ok=True)


def stop_all(folder: Path) -> None:
    """What a failed test left running."""
    stop_leftovers("postgres", folder / "postgres/data")
    stop_leftovers("temporal", folder / "temporal/temporal.db")


def at_work(folder: Path) -> list[psutil.Process]:
    """Every living process that has the folder, or something in it, among its arguments: keepers and servers."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            inside = any(str(folder) in word for word in process.cmdline())
            if inside and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def ended(processes: list[psutil.Process]) -> bool:
    return all(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE for process in processes)


@dataclass
class ServerOwner:
    process: "subprocess.Popen[str]"
    says: dict[str, Any]  # what it printed once its servers were up; {"error": ...} if they did not come up

    def end(self, number: int) -> int:
        """Send a signal; the exit code (-9 for SIGKILL)."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def press_ctrl_c(self) -> str:
        """As a terminal does it: to the whole process group. Returns what the child prints until its end."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.communicate(timeout=PATIENCE_S)[0]


PROGRAM = """
import json, signal, sys
from pathlib import Path
from demo_stack import devstack
try:
    with {servers} as server:
        try:
            print(json.dumps({{"server": str(server)}}), flush=True)
            sys.stdin.read()  # until a signal, or the end of the file
        finally:
            {finally_}
except devstack.DevstackError as error:
    print(json.dumps({{"error": str(error)}}), flush=True)
    sys.exit(1)
"""


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Runs `with SERVERS as server` in a Python process of its own, without waiting."""
    children: list[subprocess.Popen[str]] = []

    def run(servers: str, finally_: str = "pass") -> "subprocess.Popen[str]":
        program, pipe = PROGRAM.format(servers=servers, finally_=finally_), subprocess.PIPE
        child = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
        children.append(child)
        return child

    yield run
    for child in children:
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            present(pipe).close()  # without reading: a server that should be gone may hold the other end


@pytest.fixture
def child(spawn: Spawn) -> Callable[..., ServerOwner]:
    """`spawn`, and wait until the servers are up."""

    def run(servers: str, finally_: str = "pass") -> ServerOwner:
        process = spawn(servers, finally_)
        assert process.stdout
        return ServerOwner(process, json.loads(process.stdout.readline()))

    return run
