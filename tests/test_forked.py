"""A forked program is a process like any other, and ends with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support.forked import Forked
from tests.support.present import present
from tests.support.waiting import PATIENCE_S, eventually_here

ROOT = Path(__file__).parent.parent
# Nothing is preloaded, as it is not needed here.
OWNER = """
import sys, time
from pathlib import Path
from tests.support.forked import Forked, context
context.set_forkserver_preload([])
if __name__ == "__main__":
    folder = Path(sys.argv[1])
    forked = Forked.program(["-c", "import time; time.sleep(600)"], folder / "out", folder / "log", folder, {})
    print(forked.pid, flush=True)
    time.sleep(600)
"""


def test_a_forked_program_ends_with_its_owner_when_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "owner.py").write_text(OWNER)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, tmp_path / "owner.py", tmp_path], env=environment, stdout=subprocess.PIPE, text=True) as owner:
        forked = psutil.Process(int(present(owner.stdout).readline()))
        owner.kill()

        eventually_here(lambda: not forked.is_running() or forked.status() == psutil.STATUS_ZOMBIE)


def test_a_forked_program_has_its_arguments_its_environment_and_its_own_end(tmp_path: Path) -> None:
    program = "import os, sys; print(sys.argv[1:], os.environ, os.getcwd(), os.getsid(0) == os.getpid(), flush=True); sys.exit(3)"
    forked = Forked.program(["-c", program, "a", "b"], tmp_path / "out", tmp_path / "log", tmp_path, {"ONE": "1"})
    killed = Forked.program(["-c", "import time; time.sleep(600)"], tmp_path / "out2", tmp_path / "log2", tmp_path, {})
    assert killed.poll() is None
    os.kill(killed.pid, signal.SIGKILL)

    assert forked.wait(PATIENCE_S) == 3
    assert (tmp_path / "out").read_text() == f"['a', 'b'] environ({{'ONE': '1'}}) {tmp_path} True\n"
    assert killed.wait(PATIENCE_S) == -9
