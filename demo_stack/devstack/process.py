"""Start a server under its keeper, wait until it answers, stop it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from demo_stack.devstack.errors import DevstackError
from demo_stack.devstack.folder import Folder

KEEPER = Path(__file__).with_name("keeper.py")
START_S = 60.0  # a loaded machine; about one second is usual
POLL_S = 0.01
ATTEMPTS = 3
T = TypeVar("T")


@dataclass(frozen=True)
class ServerProcess:
    """What a keeper needs to know of one server."""

    name: str  # for people: "Postgres"
    folder: Folder
    argv: Sequence[str]
    log: Path
    answers: Callable[[], bool]  # ready to be used?
    stop: Sequence[tuple[int, float]] = ((signal.SIGINT, 15.0), (signal.SIGKILL, 5.0))  # signal, seconds until the next one
    prepare: dict[str, Any] | None = None  # {"argv": what makes `target` (its path is appended), "target": path}
    user: tuple[int, int] | None = None  # uid, gid to become
    env: dict[str, str] = field(default_factory=dict)
    remove: Path | None = None  # a folder to remove at the end if we are no longer there to do it

    def spec(self) -> str:
        return json.dumps(
            {
                "owner": os.getpid(),
                "argv": [str(a) for a in self.argv],
                "log": str(self.log),
                "cwd": str(self.folder.path),
                "stop": [list(s) for s in self.stop],
                "prepare": self.prepare,
                "user": self.user,
                "remove": str(self.remove) if self.remove else None,
            }
        )


class PortTakenError(DevstackError):
    """Somebody took the port between our look and the server's start. Retried with another port."""


@contextlib.contextmanager
def on_ports(home: Folder, names: list[str], start: Callable[[dict[str, int]], AbstractContextManager[T]]) -> Iterator[T]:
    """What `start` starts on a free port for each name: on the last start's ports if it can be, on others if somebody is faster."""
    with contextlib.ExitStack() as stack:
        for attempt in range(1, ATTEMPTS + 1):
            ports = home.ports(names, same=attempt == 1)
            home.write_record(ports)
            try:
                started = stack.enter_context(start(ports))
                break
            except PortTakenError:
                if attempt == ATTEMPTS:
                    raise
        yield started


@contextlib.contextmanager
def running(server: ServerProcess, lock: int) -> Iterator[None]:
    """The server, from its first answer until the end of the block.

    Raises:
        DevstackError: it ended at start, or does not answer in time; with the end of its log.
    """
    with server.log.open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-E", "-S", str(KEEPER), str(server.folder.path), server.spec()],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=server.folder.path,
            env=_environment() | server.env,
            start_new_session=True,  # Ctrl-C in the terminal is for us; we then stop the server in order
            pass_fds=(lock,),
        )
    try:
        _wait(server, keeper)
        yield
    finally:
        with contextlib.suppress(BrokenPipeError), keeper:  # which closes the pipe and waits
            assert keeper.stdin
            keeper.stdin.write(b"q")
            keeper.stdin.flush()


def _wait(server: ServerProcess, keeper: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_S
    while not server.answers():
        if keeper.poll() is not None:
            text = tail(server.log)
            kind = PortTakenError if "address already in use" in text.lower() else DevstackError
            raise kind(f"{server.name} ended at start; the end of {server.log}:\n{text}")
        if time.monotonic() > deadline:
            raise DevstackError(f"{server.name} does not answer after {START_S:.0f} s; the end of {server.log}:\n{tail(server.log)}")
        time.sleep(POLL_S)
    if keeper.poll() is not None:  # somebody else's server answered on the port
        raise PortTakenError(f"{server.name} ended at start; the end of {server.log}:\n{tail(server.log)}")


def tail(log: Path, lines: int = 15, size: int = 4000) -> str:
    try:
        text = log.read_bytes()[-size:].decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _environment() -> dict[str, str]:
    """Ours without what would configure these servers behind our back (PGDATA, PGPORT, TEMPORAL_...)."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PG", "TEMPORAL_", "PYTHON"))}
