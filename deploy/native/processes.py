"""Start, wait for and stop the processes of the topology: one log each, all stopped in the end, the last one first."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from demo_stack.devstack.process import tail

PATIENCE_S = 90.0
STOP_S = 30.0


class ProcessFailedError(Exception):
    """A part did not start, ended, or did not do its work in time. The text has the end of its log."""


class Processes:
    """`path`: folders put in front of PATH. The environment of a process is what it is given, and PATH and HOME."""

    def __init__(self, logs: Path, path: Sequence[Path]) -> None:
        self.logs = logs
        self.path = os.pathsep.join([*map(str, path), os.environ.get("PATH", "")])
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def run(self, name: str, words: Sequence[str], environment: Mapping[str, str], cwd: Path) -> str:
        """To its end; what it said on its standard output. Raises ProcessFailedError."""
        with self._log(name).open("ab") as log:
            done = subprocess.run(words, env=self._whole(environment), cwd=cwd, stdout=subprocess.PIPE, stderr=log, check=False)
            log.write(done.stdout)
        if done.returncode:
            self.look_after()  # a server that ended is the likelier reason
            raise self._failure(name, f"ended with exit code {done.returncode}")
        return done.stdout.decode()

    def start(self, name: str, words: Sequence[str], environment: Mapping[str, str], cwd: Path, ready: Callable[[], bool]) -> None:
        """Until it is ready. Raises ProcessFailedError."""
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                words, env=self._whole(environment), cwd=cwd, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.running.append((name, process))
        self.wait(name, ready)

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not ready():
            self.look_after()
            if time.monotonic() > deadline:
                raise self._failure(name, f"is not ready after {PATIENCE_S:.0f} s")
            time.sleep(0.1)

    def look_after(self) -> None:
        for name, process in self.running:
            if process.poll() is not None:
                raise self._failure(name, f"ended with exit code {process.returncode}")

    def stop(self) -> dict[str, int]:
        """The exit codes; a process that had to be killed has -9."""
        codes = {}
        while self.running:
            name, process = self.running.pop()
            process.terminate()
            try:
                codes[name] = process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        return codes

    def said(self, name: str) -> str:
        return self._log(name).read_text(encoding="utf-8", errors="replace")

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _whole(self, environment: Mapping[str, str]) -> dict[str, str]:
        return {"PATH": self.path, "HOME": os.environ.get("HOME", "/"), **environment}

    def _failure(self, name: str, what: str) -> ProcessFailedError:
        return ProcessFailedError(f"{name} {what}; the end of its log:\n{tail(self._log(name), lines=20)}")
