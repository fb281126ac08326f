"""The small process between us (who use a server) and the server: it stops the server when we end, however we end.

We hold the write end of its standard input. When we write a byte, or die (`kill -9` included), the keeper reads the byte or
the end of the file, asks the server to stop, then insists. That needs no signal handler in our process, no `atexit`, and works
on Linux and macOS alike. The keeper also inherits the folder's lock, so that the folder is free exactly when the server is gone.

Run as a script with the standard library only (`python -E -S keeper.py FOLDER SPEC`), because it must start in some 15 ms.
SPEC is JSON, see `demo_stack.devstack.process.ServerProcess.spec`.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 28, 47, 2
NO_SETUID_FIXUP = 4  # else access(2), by which Postgres looks for its programs, ignores the capability of one who is not root
CAP_DAC_OVERRIDE = 1  # may read and write whatever root may
CAPABILITY_VERSION_3 = 0x20080522


def drop_root(uid: int, gid: int) -> None:
    """Become another user, for a server that refuses to run as root (Postgres does), but keep root's access to files.

    Without that access the server could not enter a private folder (0700) below root's home; opening such folders to everybody, as other
    packages do, is not ours to do. Where capabilities don't exist (macOS) or are taken away, only the user changes.
    """
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True) if linux else None
    if libc:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        libc.prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if libc:
        bits = 1 << CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(bits, bits, bits, 0, 0, 0)  # effective, permitted, inheritable; then the upper halves
        if libc.capset(header, sets) == 0:
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def in_child(user: Sequence[int] | None, last_signal: int) -> Callable[[], None]:
    def run() -> None:
        os.umask(0o077)
        if user:
            drop_root(*user)
        if sys.platform == "linux":  # should even the keeper be killed with -9; elsewhere the next start finds the server
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, last_signal, 0, 0, 0)

    return run


class Keeper:
    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.asked_to_stop = False
        self.orphaned = False  # our owner ended without asking
        self.wake, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _stop(self, *_: object) -> None:
        self.asked_to_stop = True

    def run(self) -> int:
        prepare = self.spec["prepare"]
        if prepare and not os.path.exists(prepare["target"]):
            code = self._prepare(**prepare)
            if code != 0:
                return code
        return self._attend(self.spec["argv"])

    def _prepare(self, argv: list[str], target: str) -> int:
        """Run what makes `target`. It is made under another name first: a folder half made would never be finished."""
        half = target + ".new"
        shutil.rmtree(half, ignore_errors=True)
        os.mkdir(half, 0o700)
        if self.spec["user"]:
            os.chown(half, *self.spec["user"])
        code = self._attend([*argv, half])
        if code == 0 and not self.asked_to_stop:
            os.rename(half, target)
        return code

    def _attend(self, argv: list[str]) -> int:
        """Start a program, and return its exit code when it has ended: by itself, or because our owner is gone."""
        with open(self.spec["log"], "ab") as log:
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.spec["cwd"],
                preexec_fn=in_child(self.spec["user"], self.spec["stop"][0][0]),
            )
        while child.poll() is None:
            # 1 s: a copy of the pipe's other end may live on in a process that our owner forked; its death is seen here
            ready, _, _ = select.select([sys.stdin, self.wake], [], [], 1.0)
            if self.wake in ready:
                os.read(self.wake, 4096)
            if os.getppid() != self.spec["owner"] or (sys.stdin in ready and not os.read(sys.stdin.fileno(), 1)):
                self.orphaned = self.asked_to_stop = True
            elif sys.stdin in ready:
                self.asked_to_stop = True
            if self.asked_to_stop:
                self._end(child)
        return child.returncode

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        for number, seconds in self.spec["stop"]:
            child.send_signal(number)
            deadline = time.monotonic() + seconds
            while child.poll() is None and (left := deadline - time.monotonic()) > 0:
                ready, _, _ = select.select([self.wake], [], [], left)
                if ready:
                    os.read(self.wake, 4096)
        child.kill()
        child.wait()


if __name__ == "__main__":
    spec = json.loads(sys.argv[2])
    keeper = Keeper(spec)
    code = keeper.run()
    if spec["remove"] and keeper.orphaned:  # a folder for one run alone; its owner, while it lives, still reads the log there
        shutil.rmtree(spec["remove"], ignore_errors=True)
    sys.exit(min(abs(code), 255))
