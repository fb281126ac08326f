"""Programs of ours as processes of their own, started within 50 ms: forked from a server that has everything imported (multiprocessing's).

Of what `python worker.py` costs at its start nine tenths are imports. Such a process lives and dies as any other: signals, its exit code, a
`kill -9`, its own log. It ends with us, also when we are killed.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from types import ModuleType
from typing import Any

PRELOADED = ["lab.chaos.crashing_worker", "web"]  # what cannot be imported is passed over without a word
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND
context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(PRELOADED)


class Forked:
    """As much of `subprocess.Popen` as is used here: of a function, or of a Python program."""

    def __init__(self, target: Callable[..., object], *arguments: Any) -> None:
        self.process = context.Process(target=target, args=arguments, daemon=True)
        self.process.start()

    @classmethod
    def program(cls, program: Sequence[str], out: Path, log: Path, folder: Path, environment: Mapping[str, str]) -> Forked:
        """`python PROGRAM ...`, or `python -c CODE ...`, in a session of its own."""
        return cls(_program, list(program), str(out), str(log), str(folder), dict(environment))

    @property
    def pid(self) -> int:
        assert self.process.pid
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        """Its exit code; -9 for a `kill -9`."""
        return self.process.exitcode

    def wait(self, within: float) -> int:
        self.process.join(within)
        if (code := self.process.exitcode) is None:
            raise subprocess.TimeoutExpired(self.process.name, within)
        return code


def become(out: str, log: str, folder: str, environment: Mapping[str, str]) -> None:
    """This forked process takes the place of one that was started so."""
    os.setsid()  # Ctrl-C in the terminal is for the tests, which then end us
    gc.freeze()  # what is loaded is no garbage, and to look through it copies all of it from the server
    for number, file, flags in ((0, os.devnull, os.O_RDONLY), (1, out, APPEND), (2, log, APPEND)):
        opened = os.open(file, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    parent = multiprocessing.parent_process()
    assert parent
    threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(parent: int) -> None:
    wait([parent])  # no look now and then: it is woken by the end
    os.kill(os.getpid(), signal.SIGKILL)


def _program(program: list[str], *place: Any) -> None:
    become(*place)
    if program[0] == "-c":
        sys.argv = ["-c", *program[2:]]
        sys.modules["__main__"] = main = ModuleType("__main__")
        exec(compile(program[1], "<string>", "exec"), vars(main))
    else:
        sys.argv = program
        runpy.run_path(program[0], run_name="__main__")
