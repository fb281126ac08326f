"""Postgres and Temporal that can be killed and come back with their data, on the same ports."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

import psutil

from demo_stack import devstack
from workflows.attributes import FLAGS

DATABASE = "chaos"


class KillableServers:
    """Both on disk, and Postgres with all that makes a commit durable: what was committed must be there after its death."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "servers"
        self.running: dict[str, ExitStack] = {}
        self.database_url = self.temporal_address = ""

    def __enter__(self) -> KillableServers:
        self.start("postgres")
        self.start("temporal")
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.running):
            self.running.pop(name).close()

    def start(self, name: str) -> None:
        """It answers when this returns."""
        stack = ExitStack()
        try:
            if name == "postgres":
                url = stack.enter_context(devstack.postgres(self.folder))
                if self.database_url and url != self.database_url:
                    raise RuntimeError("Postgres came back at another port")
                self.database_url = url
            else:
                server: AbstractContextManager[devstack.TemporalServer] = devstack.temporal(self.folder, extra=FLAGS)
                address = stack.enter_context(server).address
                if self.temporal_address and address != self.temporal_address:
                    raise RuntimeError("Temporal came back at another port")
                self.temporal_address = address
        except BaseException:
            stack.close()
            raise
        self.running[name] = stack

    def kill(self, name: str) -> None:
        """`kill -9` of the server and all its processes, at once; gone when this returns."""
        program = {"postgres": "postgres", "temporal": "temporal"}[name]
        path = str(self.folder / name)
        mains = [one for one in psutil.process_iter(["name", "cmdline"]) if (one.info["name"] or "").startswith(program)]
        victims: list[psutil.Process] = []
        for main in mains:
            if any(path in word for word in main.info["cmdline"] or []):
                victims += [main, *main.children(recursive=True)]
        for victim in victims:
            with suppress(psutil.NoSuchProcess):
                victim.kill()
        if not victims:
            raise RuntimeError(f"no {name} found to kill")
        psutil.wait_procs(victims, timeout=10)
        self.running.pop(name).close()

    def create_database(self) -> str:
        return devstack.create_database(self.database_url, DATABASE)
