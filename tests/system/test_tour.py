"""`make tour` as CI would take it: without a terminal, from an empty folder, and stopped in the middle."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demo_stack.demo.test_run import HOUSE, PATIENCE_S, environment, working_on
from tests.support.waiting import eventually_here


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "demo_stack.demo.tour", "--folder", str(folder)]


def test_the_tour_goes_on_by_itself_counts_nothing_lost_and_leaves_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "tour"

    done = subprocess.run(
        command(folder),
        env=environment(),
        cwd=HOUSE,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    assert re.findall(r"^(\d)\. ", done.stdout, re.MULTILINE) == list("12345")
    assert "type         order.created" in done.stdout
    assert "webhook-signature: v1," in done.stdout
    assert re.search(r"kill -9 \d+, after \d+ sales", done.stdout)
    sold, recorded = (re.search(rf"^ +{word}.* (\d+) orders$", done.stdout, re.MULTILINE) for word in ("sold at eBay", "recorded"))
    assert sold
    assert recorded
    assert sold[1] == recorded[1] == "31"
    assert "0 lost, 0 twice, 0 out of order" in done.stdout
    assert "any key" not in done.stdout
    eventually_here(lambda: not working_on(folder))


@pytest.mark.parametrize("until", ["Temporal: usually", "2. The sale is a change"])
def test_who_stops_it_leaves_no_process(tmp_path: Path, until: str) -> None:
    folder = tmp_path / "tour"
    with subprocess.Popen(
        command(folder), env=environment(), cwd=HOUSE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout
        assert any(until in line for line in running.stdout)
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()

    assert running.returncode == 130, said
    assert "tour: stopped; everything that it started has ended" in said
    eventually_here(lambda: not working_on(folder))
