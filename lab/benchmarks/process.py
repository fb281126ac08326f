"""A worker process and what it takes: CPU seconds and memory of itself alone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from demo_stack import devstack

WATCHED = Path(devstack.__file__).with_name("watched.py")  # it ends with us, however we end
READY = "worker runs on task queue"  # a line of every worker's log here
START_S, STOP_S = 60.0, 25.0
PAUSE_S = 0.02
MB = 1_000_000


class MeasuredWorker:
    def __init__(self, process: psutil.Process) -> None:
        self.process = process
        self.seen_mb = 0.0

    def cpu_s(self) -> float:
        """User and system time since its start, all its threads; not the watcher's."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def rss_mb(self) -> float:
        return float(self.process.memory_info().rss / MB)

    def peak_mb(self) -> float:
        """The most resident memory it ever had. Where the system does not say (it does on Linux): the most that was seen."""
        status = Path(f"/proc/{self.process.pid}/status")
        if status.exists():
            line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
            return int(line.split()[1]) * 1024 / MB
        return self.seen_mb

    def sample(self) -> None:
        self.seen_mb = max(self.seen_mb, self.rss_mb())


@contextmanager
def worker(name: str, program: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[MeasuredWorker]:
    """A process that is ready for work. `program`: arguments of Python. Its log is `folder/NAME.log`, and shown if it fails.

    Raises:
        RuntimeError: it ended, or is not ready in time.
    """
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = psutil.Popen(
            [sys.executable, "-E", "-S", str(WATCHED), sys.executable, *program],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    over = threading.Event()
    try:
        _wait(process, log)
        running = MeasuredWorker(process)
        watcher = threading.Thread(target=_watch, args=(running, over), daemon=True)
        watcher.start()
        yield running
        if process.poll() is not None:
            raise _failure(name, "ended meanwhile", log)
    finally:
        over.set()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: psutil.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while READY not in log.read_text(errors="replace"):
        if process.poll() is not None:
            raise _failure(log.stem, "ended at start", log)
        if time.monotonic() > deadline:
            raise _failure(log.stem, f"is not ready after {START_S:.0f} s", log)
        time.sleep(PAUSE_S)


def _watch(running: MeasuredWorker, over: threading.Event) -> None:
    try:
        while not over.wait(PAUSE_S):
            running.sample()
    except psutil.NoSuchProcess:
        return


def _failure(name: str, what: str, log: Path) -> RuntimeError:
    return RuntimeError(f"worker {name} {what}; the end of its log:\n{log.read_text(errors='replace')[-3000:]}")
