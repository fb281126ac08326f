"""A process of the demo: started in its own session (Ctrl-C in the terminal is for us, who then stop it in order), and gone when we are,
however we end: `demo_stack/devstack/watched.py` sees to that. One that outlived even its watcher is found at the next start by its pid
file.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from demo_stack import devstack
from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE, Home
from demo_stack.devstack.process import tail

WATCHED = Path(devstack.__file__).with_name("watched.py")
START_S = 60.0  # a loaded machine; some two seconds are usual
STOP_S = 25.0  # the worker lets its steps finish for 20 s at most


class Child:
    """`name`: of its log and pid file, `worker`. `program`: arguments of Python, such as `worker.py`'s path. `own`: settings of its own."""

    def __init__(
        self,
        home: Home,
        name: str,
        program: Sequence[str],
        *,
        cwd: Path | None = None,
        talks: bool = False,
        own: Mapping[str, str] | None = None,
    ) -> None:
        self.own = dict(own or {})
        self.home, self.name, self.program, self.cwd = home, name, list(program), cwd
        self.pipe = subprocess.PIPE if talks else subprocess.DEVNULL
        self.log = home.folder.fresh_log(f"{name}.log")
        self.title = {"ebay": "the simulated eBay", "web": "the page"}.get(name, f"the {name}")
        self.log_start = 0
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.log_start = self.log.stat().st_size
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-E", "-S", str(WATCHED), sys.executable, *self.program],
                stdin=self.pipe,
                stdout=self.pipe,
                stderr=log,
                text=True,
                cwd=self.cwd,
                env=os.environ | self.own,
                start_new_session=True,
            )
        self.pid_file.write_text(f"{self.process.pid}\n")

    @property
    def pid_file(self) -> Path:
        return self.home / f"{self.name}.pid"

    @property
    def exit_code(self) -> int | None:
        """None while it runs; -9 for a `kill -9`."""
        return self.process.poll() if self.process else None

    def said(self) -> str:
        """What its log has of this start."""
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """
        Raises:
            DemoError: it ended, or is not ready in time.
        """
        deadline = time.monotonic() + START_S
        while not ready():
            if self.exit_code is not None:
                raise self.failure("ended at start")
            if time.monotonic() > deadline:
                raise self.failure(f"is not ready after {START_S:.0f} s")
            time.sleep(0.02)

    def failure(self, what: str) -> DemoError:
        return DemoError(f"{self.title} {what}; {self.end_of_log()}")

    def end_of_log(self) -> str:
        return f"the end of {self.home.display(self.log.name)}:\n{tail(self.log)}"

    def stop(self) -> None:
        """Ask, then insist. Nothing happens where it ended already."""
        if not self.process:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.pid_file.unlink(missing_ok=True)


def stop_leftovers(home: Home) -> None:
    """End children that a demo left here when it was killed together with their watchers."""
    for file in home.path.glob("*.pid"):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process := _left(file):
                process.kill()
                process.wait(10)
        file.unlink()


def _left(file: Path) -> psutil.Process | None:
    """The process, if it is the one that wrote the number: a program of this house, older than the file."""
    try:
        process = psutil.Process(int(file.read_text()))
        at_home = process.cwd() == str(HOUSE) or str(HOUSE) in " ".join(process.cmdline())
        ours = at_home and process.create_time() <= file.stat().st_mtime + 1
    except (ValueError, psutil.Error):
        return None
    return process if ours else None
