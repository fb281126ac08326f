"""The whole demo, three times in one folder: one run is asked to end, one is killed, one ends by itself and misses an order."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path

import httpx

from tests.demo_stack.demo.test_run import PATIENCE_S, WELL, begun, changes, delivered, environment, run, shipped, working_on
from tests.support.waiting import eventually_here


def test_the_demo_loses_nothing_over_runs_that_end_by_sigterm_by_kill_9_and_by_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    ledger = folder / "ledger.jsonl"

    # alone in its folder, until it is asked to end
    with begun(folder) as (running, until_then):
        code, said = run(folder, "--seconds", "1")
        assert (code, len(said.splitlines())) == (1, 1)
        assert f"{folder} is in use by process {running.pid} " in said
        listed = subprocess.run([folder / "starter", "list"], env=environment(), capture_output=True, text=True, check=False)
        assert set(re.findall(r"anna|bert|carla", listed.stdout)) == {"anna", "bert", "carla"}, listed
        assert "\nSELLERBEAT_WEB_BIND=" in (folder / "env").read_text(encoding="utf-8")
        running.send_signal(signal.SIGTERM)
        assert running.stdout
        first = until_then + running.stdout.read()
        assert running.wait() == 0, first
    assert WELL in first
    assert "enrolled: anna, bert, carla" in first
    assert changes(first) >= 200
    assert delivered(first) >= changes(first)  # its endpoint was there before the first of them
    assert re.search(r"the sellers have 1\d\d SKUs, [45]\d listings, \d+ sold out; \d+ parcels", first), first
    assert re.search(r"^ +\d+ s  [\d,]+ changes, ", first, re.MULTILINE)  # no terminal: a line now and then
    assert oct((folder / "keys").stat().st_mode & 0o777) == "0o600"
    eventually_here(lambda: not working_on(folder))  # a watcher looks five times a second whether it is still needed
    page = re.search(r"^page: (http://127\.0\.0\.1:\d+)$", first, re.MULTILINE)
    assert page, first
    before = ledger.read_bytes()

    # somebody kills the next one
    with begun(folder) as (killed, until_then):
        assert "anna" in httpx.get(page[1], timeout=PATIENCE_S).text  # without a login, at the same address
        killed.kill()
    assert "enrolled:" not in until_then

    # what happened and was not recorded turns the verdict, and is all that the last one misses, which goes on and ends by itself
    doctored = next(row for line in before.splitlines() if shipped(row := json.loads(line)))  # which no poll would find
    doctored |= {"entity_id": "00-00000-00000", "document": doctored["document"] | {"orderId": "00-00000-00000"}}
    with ledger.open("a") as lines:
        lines.write(json.dumps(doctored, separators=(",", ":")) + "\n")
    code, last = run(folder, "--seconds", "1")
    assert (code, "1 lost, 0 twice, 0 wrong" in last) == (1, True), last
    assert f"lost: order {doctored['seller']}/00-00000-00000: no event" in last
    assert "enrolled:" not in last
    assert changes(last) > changes(first)
    assert delivered(last) > 0
    assert ledger.read_bytes().startswith(before)
    eventually_here(lambda: not working_on(folder))
