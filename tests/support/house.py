"""A deployment in small: a database, Temporal, a simulated eBay, and Sellerbeat's own processes as children, as an operator starts them."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
import typer.main
from cryptography.fernet import Fernet
from pydantic import BaseModel
from sqlalchemy import text
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError

from demo_stack import devstack
from simulator import World
from starter import main as starter_main
from store import Store
from tests.support.forked import Forked
from tests.support.histories import chain, client_of, histories
from tests.support.waiting import PATIENCE_S, eventually_here
from workflows.client import handle, is_missing
from workflows.messages import SellerStatus, workflow_id
from workflows.seller_polling import LONG_ENOUGH, SellerPolling

ROOT = Path(__file__).parent.parent.parent
WATCHED = Path(devstack.__file__).with_name("watched.py")  # so that a child ends with us, also when we are killed
FOREIGN = ("SELLERBEAT_", "TEMPORAL_", "COLUMNS", "LINES")  # of whoever runs the tests: none of a house's business
# As `python worker.py`, but everything that any library says is in the log.
TALKATIVE = """
import logging, runpy, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
sys.path.insert(0, {root!r})
import workflows.seller_polling
workflows.seller_polling.LONG_ENOUGH = {run_events}
runpy.run_path({root!r} + "/worker.py", run_name="__main__")
"""
STARTED = "worker runs on task queue"
numbers = count(1)
T = TypeVar("T")


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def object(self) -> dict[str, Any]:
        (one,) = self.objects
        return one

    def failure(self, code: int) -> str:
        """What a command says that did not do it: this exit code, one line on stderr and nothing else."""
        assert (self.code, self.out, self.err.count("\n")) == (code, "", 1), self
        assert self.err.startswith("starter: "), self
        return self.err.removeprefix("starter: ").rstrip()


built: dict[tuple[int, ...], Any] = {}  # by the rooms of the command line, which last as their modules do
build = typer.main.get_command


def built_once(app: typer.Typer) -> Any:
    """The command line, as typer builds it from the signatures of all commands: 20 ms in which nothing differs from the time before."""
    rooms = tuple(id(group.typer_instance) for group in app.registered_groups)
    if rooms not in built:
        built[rooms] = build(app)
    return built[rooms]


class Child:
    """A Python program of ours; stdout and stderr go to files."""

    process: Forked | subprocess.Popen[bytes]

    def __init__(self, house: House, name: str, program: list[str], environment: Mapping[str, str], stdin: str | None = None) -> None:
        """Programs of this tree are forked, but where somebody types: a start of Python takes a second of computing."""
        self.out, self.log = house.folder / f"{name}.out", house.folder / f"{name}.err"
        self.out.touch()
        self.log.touch()
        if stdin is None and is_ours(program):
            self.process = Forked.program(program, self.out, self.log, house.folder, environment)
            return
        with self.out.open("wb") as out, self.log.open("wb") as log:
            self.process = process = subprocess.Popen(
                [sys.executable, "-E", "-S", str(WATCHED), sys.executable, *program],
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                cwd=house.folder,
                env=dict(environment),
                start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then end us
            )
        if process.stdin:
            with process.stdin as pipe:
                pipe.write((stdin or "").encode())

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def tell(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def end(self, number: int = signal.SIGKILL, within: float = PATIENCE_S) -> int:
        """Signal it and wait; its exit code (-9 for a kill -9). It may end by itself between the question and the signal."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.tell(number)
        return self.process.wait(within)

    def result(self, within: float = PATIENCE_S) -> Said:
        code = self.process.wait(within)
        return Said(code, self.out.read_text(), self.output())


def is_ours(program: list[str]) -> bool:
    """A file of this tree, or code that names it: what is loaded for others to fork from is this tree's."""
    return repr(str(ROOT)) in program[1] if program[0] == "-c" else Path(program[0]).parent == ROOT


class House:
    def __init__(self, folder: Path, world: World, ebay_url: str, database: str, temporal_address: str, **settings: str) -> None:
        self.folder, self.world, self.ebay_url, self.database = folder, world, ebay_url, database
        self.key = Fernet.generate_key().decode()
        self.number = next(numbers)
        self.opened = datetime.now(UTC)
        named = {f"SELLERBEAT_{name.upper()}": value for name, value in settings.items()}
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | {
            "SELLERBEAT_DATABASE_URL": database,
            "SELLERBEAT_SECRET_KEYS": self.key,
            "SELLERBEAT_EBAY_API_URL": ebay_url,
            "SELLERBEAT_EBAY_CLIENT_ID": world.accounts.client_id,
            "SELLERBEAT_EBAY_CLIENT_SECRET": world.accounts.client_secret,
            "SELLERBEAT_TASK_QUEUE": f"house-{self.number}",
            "TEMPORAL_ADDRESS": temporal_address,
            **named,
        }
        self.store = Store.connect(database, [self.key], pool_size=2)
        self.children: list[Child] = []
        self.client: Client | None = None

    def child(self, name: str, *program: str, stdin: str | None = None, **environment: str) -> Child:
        child = Child(self, f"{name}-{len(self.children)}", list(program), self.environment | environment, stdin)
        self.children.append(child)
        return child

    def starter(self, *arguments: str, stdin: str | None = None, **environment: str) -> Child:
        """`python starter.py ...`, begun; ask its `result()`."""
        return self.child("starter", str(ROOT / "starter.py"), *arguments, stdin=stdin, **environment)

    def command(
        self,
        *arguments: str,
        stdin: str = "",
        main: Callable[[], int] = starter_main,
        variables: Mapping[str, str | None] | None = None,
        **environment: str | None,
    ) -> Said:
        """`starter.py ...` in this process: the same code, texts and exit code without the second that a start of Python takes.

        `environment`, and `variables` where the names are data: what differs; None: not set.
        """
        out, err = io.StringIO(), io.StringIO()
        given = {name: value for name, value in (self.environment | environment | dict(variables or {})).items() if value is not None}
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # a command leaves its connections to the end of its process
            patch.chdir(self.folder)
            patch.setattr(os, "environ", given)
            patch.setattr(sys, "argv", ["starter.py", *arguments])
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            patch.setattr(typer.main, "get_command", built_once)
            try:
                code = main()
            except SystemExit as left:
                code = left.code if isinstance(left.code, int) else 1
        return Said(code, out.getvalue(), err.getvalue())

    def enroll(self, seller: str, *options: str) -> Said:
        if seller not in self.world.sellers:
            self.world.add_seller(seller)
        said = self.command("enroll", seller, "--refresh-token-file", "-", *options, stdin=self.world.refresh_token(seller))
        assert (said.code, said.err) == (0, "")
        return said

    def ask(self, question: Callable[[Client], Awaitable[T]]) -> T:
        """Of Temporal, by the client of this house: to connect anew costs ten times what a signal does."""

        async def asked() -> T:
            if self.client is None:
                self.client = await client_of(self.environment["TEMPORAL_ADDRESS"])
            return await question(self.client)

        return asyncio.run(asked())

    def signal(self, seller: str, signal: Any, message: BaseModel | None = None) -> int:
        """As the command does it. Gives the moment just before, by eBay's clock in milliseconds: no start of a command is in it."""

        async def signalled(client: Client) -> int:
            before = self.world.clock.now_ms()
            await handle(client, seller).signal(signal, *([] if message is None else [message]))
            return before

        return self.ask(signalled)

    def signal_often(self, seller: str, signal: Any, message: BaseModel, times: int) -> None:
        """At once, so that a history grows."""

        async def signalled(client: Client) -> None:
            await asyncio.gather(*(handle(client, seller).signal(signal, message) for _ in range(times)))

        self.ask(signalled)

    def histories(self) -> list[WorkflowHistory]:
        """Of all workflows here."""
        return self.ask(lambda client: histories(client, self.opened))

    def chain(self, seller: str) -> list[WorkflowHistory]:
        """Of a seller's workflow and of those that it continues."""
        return self.ask(lambda client: chain(client, workflow_id(seller)))

    def status(self, seller: str) -> SellerStatus:
        return self.ask(lambda client: handle(client, seller).query(SellerPolling.status))

    def worker(self, *, talkative: bool = False, wait: bool = True, run_events: int = LONG_ENOUGH, **environment: str) -> Child:
        """`python worker.py`, at work when this returns. `run_events`: of a talkative one; it continues workflows as new after so many."""
        program = ["-c", TALKATIVE.format(root=str(ROOT), run_events=run_events)] if talkative else [str(ROOT / "worker.py")]
        worker = self.child("worker", *program, **environment)
        if wait:
            eventually_here(lambda: STARTED in worker.output() or worker.process.poll() is not None)
            assert worker.process.poll() is None, worker.output()
        return worker

    def events(self, seller: str | None = None) -> list[dict[str, Any]]:
        return self.store.feed.read(limit=1_000_000, seller=seller)

    def changes(self) -> list[dict[str, Any]]:
        """The feed, as the command prints it."""
        said = self.command("changes", "--json")
        assert (said.code, said.err) == (0, "")
        return said.objects

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.store.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def runs(self, seller: str) -> list[str]:
        """States of all runs of a seller's workflow here, the newest first: ["RUNNING", "TERMINATED"]."""

        async def listed(client: Client) -> list[str]:
            try:
                newest = await handle(client, seller).describe()
            except RPCError as error:
                if not is_missing(error):
                    raise
                return []
            query = f"WorkflowId = '{workflow_id(seller)}'"
            older = [run async for run in client.list_workflows(query) if run.run_id != newest.run_id]
            return [run.status.name for run in (newest, *older) if run.status and run.start_time >= self.opened]

        return self.ask(listed)

    def close(self) -> None:
        for child in self.children:
            child.end()
        self.store.close()
