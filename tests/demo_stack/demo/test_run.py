"""The whole demo as a user starts it: `python demo.py`, several times in one folder. A run takes seconds: one test tells a story."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
from cryptography.fernet import Fernet

from demo_stack import devstack
from store import Store
from tests.support.waiting import eventually_here

HOUSE = Path(__file__).resolve().parents[3]
WELL = "0 lost, 0 twice, 0 wrong"
PATIENCE_S = 300  # it has patience of its own, and says what it waited for


def environment(**settings: str) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("SELLERBEAT_", "TEMPORAL_"))}
    return mine | settings


def run(folder: Path, *options: str, settings: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code, and what was said on both streams."""
    command = [sys.executable, str(HOUSE / "demo.py"), "--folder", str(folder), *options]
    done = subprocess.run(
        command, env=environment(**settings or {}), cwd=folder.parent, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def begun(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A demo without an end, from its first line about the sellers on, and what it said until then."""
    command = [sys.executable, str(HOUSE / "demo.py"), "--folder", str(folder)]
    with subprocess.Popen(
        command, env=environment(), cwd=folder.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout
            said = ""
            for line in process.stdout:
                said += line
                if "sellers: 3" in line:
                    break
            yield process, said
        finally:
            process.kill()


def changes(said: str) -> int:
    found = re.search(r"(\d+) changes, \d+ lost", said)
    assert found, said
    return int(found[1])


def delivered(said: str) -> int:
    found = re.search(r"^([\d,]+) changes delivered to http://127\.0\.0\.1:\d+/changes, each verified and in order", said, re.MULTILINE)
    assert found, said
    return int(found[1].replace(",", ""))


def shipped(row: Mapping[str, Any]) -> bool:
    return bool(row["kind"] == "order" and row["document"]["orderFulfillmentStatus"] == "FULFILLED")


def working_on(folder: Path) -> list[str]:
    """Processes that still work on the folder."""
    left = []
    for process in psutil.process_iter():
        try:
            if str(folder) in " ".join([*process.cmdline(), *process.environ().values()]):
                left.append(process.name())
        except psutil.Error:
            continue
    return left


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


def test_without_ebays_keys_the_real_run_ends_with_one_line_and_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    code, said = run(folder, "--real")

    assert (code, len(said.splitlines())) == (2, 1)
    assert "SELLERBEAT_EBAY_CLIENT_ID is not set" in said
    assert not folder.exists()


def test_the_real_run_uses_the_servers_that_settings_name_and_keeps_a_key(tmp_path: Path, database: str, temporal_address: str) -> None:
    folder = tmp_path / "state"
    named = {"SELLERBEAT_DATABASE_URL": database, "TEMPORAL_ADDRESS": temporal_address}
    settings = {**named, "SELLERBEAT_EBAY_CLIENT_ID": "id", "SELLERBEAT_EBAY_CLIENT_SECRET": "secret", "SELLERBEAT_TASK_QUEUE": "real-run"}

    code, said = run(folder, "--real", "--seconds", "1", settings=settings)
    listed = subprocess.run([folder / "real" / "starter", "list"], env=environment(), capture_output=True, text=True, check=False)

    assert (code, "sellers: none" in said) == (0, True), said
    assert "a new key in state/real/keys" in said
    assert sorted(path.name for path in folder.iterdir()) == ["real"]
    assert not (folder / "real" / "postgres").exists()
    assert (listed.returncode, listed.stdout) == (0, "no sellers\n"), listed.stderr


def test_the_real_run_makes_the_search_attributes_of_a_temporal_that_lacks_them(tmp_path: Path, database: str) -> None:
    with devstack.temporal() as bare:
        named = {"SELLERBEAT_DATABASE_URL": database, "TEMPORAL_ADDRESS": bare.address, "SELLERBEAT_TASK_QUEUE": "bare"}
        keys = {"SELLERBEAT_EBAY_CLIENT_ID": "id", "SELLERBEAT_EBAY_CLIENT_SECRET": "secret"}

        code, said = run(tmp_path / "state", "--real", "--seconds", "1", settings=named | keys)

    assert (code, "sellers: none" in said) == (0, True), said


def test_the_demo_touches_no_database_with_other_sellers(tmp_path: Path, database: str, temporal_address: str) -> None:
    with closing(Store.connect(database, [Fernet.generate_key().decode()], pool_size=1)) as store:
        store.sellers.enroll("shop-17", "token", scopes=[], now_ebay=datetime.now(UTC))

    code, said = run(
        tmp_path / "state", "--seconds", "1", settings={"SELLERBEAT_DATABASE_URL": database, "TEMPORAL_ADDRESS": temporal_address}
    )

    assert code == 1
    assert "the database has sellers that are not the demo's, such as shop-17" in said
    assert not (tmp_path / "state" / "worker.log").exists()
