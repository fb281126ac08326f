"""Servers that outlived their keeper (somebody killed it with -9): found by what they run on, and stopped.

Called with the folder's lock held. A process is ours only if it proves it: the program's name, and our folder as its argument or as
its working directory. Numbers in pid files prove nothing, as systems give them out again.
"""

import contextlib
import signal
from pathlib import Path

import psutil

from demo_stack.devstack.errors import DevstackError


def stop_leftovers(program: str, folder: Path, wait_s: float = 10.0) -> None:
    """Stop every process of `program` (a prefix of its name) that works on `folder`, and wait until it is gone.

    Raises:
        DevstackError: one of them cannot be stopped.
    """
    found = [process for process in psutil.process_iter() if _works_on(process, program, str(folder))]
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)  # Postgres' fast shutdown, Temporal's usual one
    _, alive = psutil.wait_procs(found, timeout=wait_s)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=wait_s)
    if alive:
        raise DevstackError(f"process {alive[0].pid} still works on {folder} and cannot be stopped")


def drop_foreign_pid_file(file: Path) -> None:
    """Remove a `postmaster.pid` that would stop Postgres for no reason: unreadable, or its number is another program's by now.

    Call it after `stop_leftovers`: no Postgres of ours runs. A file whose process is dead stays: Postgres itself looks closer at that.
    """
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except FileNotFoundError:
        return
    except ValueError:
        file.unlink()
        return
    if pid <= 0 or psutil.pid_exists(pid):
        file.unlink()


def _works_on(process: psutil.Process, program: str, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith(program):
            return False
        return folder in process.cmdline() or process.cwd() == folder
    except psutil.Error:  # gone, or another user's: not ours
        return False
