"""docker-compose.yml's topology on this machine: Temporal's own server on Postgres, our processes as the file starts them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil

HOUSE = Path(__file__).resolve().parents[2]
PATIENCE_S = 1500  # the first time Temporal's server is built from its sources


def test_the_native_topology_ends_in_a_poll_that_stored_a_change_and_stops_everything(tmp_path: Path) -> None:
    folder = tmp_path / "native"

    done = subprocess.run(
        [sys.executable, "-m", "deploy.native", "--folder", str(folder)],
        cwd=HOUSE, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    change = json.loads(done.stdout.splitlines()[-2])
    assert (change["source"], change["seller_id"], change["type"]) == ("poll", "first-seller", "order.created")
    assert [process for process in psutil.process_iter() if str(folder) in " ".join(arguments(process))] == []


def arguments(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
