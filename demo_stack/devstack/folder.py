"""A server's private folder: made for us alone, locked while in use, with a record of ports and owner."""

import contextlib
import fcntl
import json
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from demo_stack.devstack.errors import DevstackError

HANDOVER_S = 25.0  # how long the keeper of a dead process may take to stop its server


class Folder:
    """`path`: absolute, without links, mode 0700, ours. Made where it does not exist, as is the folder above it."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
            self.path = path.resolve()
            if self.path.stat().st_uid != os.geteuid():
                raise DevstackError(f"{path} belongs to another user: use another folder, or the user who made it")
            self.path.chmod(0o700)
        except OSError as error:
            raise DevstackError(f"cannot make the folder {error.filename or path}: {error.strerror}") from error

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """The lock's file descriptor. Whoever inherits it holds the lock too; it is free when the last holder has ended.

        Raises:
            DevstackError: a living process uses the folder.
        """
        fd = os.open(self / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + HANDOVER_S
            while not _try_lock(fd):
                if owner := self._living_owner():
                    raise DevstackError(f"{self.path} is in use by {owner}: stop it, or use another folder")
                if time.monotonic() > deadline:
                    raise DevstackError(f"{self.path} is locked by an unknown process: stop it, or use another folder")
                time.sleep(0.02)
            yield fd
        finally:
            os.close(fd)

    def _living_owner(self) -> str | None:
        record = self.record()
        try:
            process = psutil.Process(record["owner"])
            if abs(process.create_time() - record["owner_since"]) > 2:
                return None  # the number was given to another process since
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            command = " ".join(" ".join(process.cmdline()).split())
            return f"process {process.pid} ({command[:80]})"
        except (KeyError, TypeError, ValueError, psutil.Error):
            return None

    def record(self) -> dict[str, Any]:
        """What the last start wrote; {} if nothing readable is there."""
        try:
            found = json.loads((self / "server.json").read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_record(self, ports: dict[str, int]) -> None:
        me = psutil.Process()
        text = json.dumps({"ports": ports, "owner": me.pid, "owner_since": me.create_time()})
        (self / "server.json.new").write_text(text)
        (self / "server.json.new").replace(self / "server.json")

    def ports(self, names: list[str], *, same: bool) -> dict[str, int]:
        """A free port on loopback for each name: with `same`, the last start's where nobody took it, so that links stay valid."""
        last = self.record().get("ports") if same else None
        chosen: dict[str, int] = {}
        for name in names:
            before = last.get(name) if isinstance(last, dict) else None
            chosen[name] = before if isinstance(before, int) and before not in chosen.values() and _free(before) else _free_port(chosen)
        return chosen

    def fresh_log(self, name: str) -> Path:
        """An empty log file for this start; the last one is kept as `.1`."""
        log = self / name
        if log.exists():
            log.replace(self / f"{name}.1")
        log.touch(mode=0o600)
        return log


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _free_port(taken: dict[str, int]) -> int:
    # below the range that systems give to outgoing connections: there, one of those may sit on our port at the next start
    for _ in range(1000):
        port = random.randrange(20_000, 32_000)
        if port not in taken.values() and _free(port):
            return port
    raise DevstackError("no free port on 127.0.0.1 between 20000 and 32000")
