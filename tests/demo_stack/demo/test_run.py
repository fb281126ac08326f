"""The whole demo as a user starts it: `python demo.py`, twice in one folder. A run takes seconds: one test tells a story.

tests/system/test_demo.py tells a longer one.
"""

import io
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cryptography.fernet import Fernet

import demo
from demo_stack import devstack
from demo_stack.demo import enrollment, verdict
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


def in_this_process(folder: Path, *options: str, settings: Mapping[str, str] | None = None) -> tuple[int, str]:
    """As `run`, without a start of Python."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        patch.chdir(folder.parent)
        patch.setattr(os, "environ", environment(**settings or {}))
        return demo.main(["--folder", str(folder), *options]), said.getvalue()


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


def test_the_demo_loses_nothing_over_a_run_that_is_killed_and_one_that_is_asked_to_end(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    ledger = folder / "ledger.jsonl"

    # alone in its folder, until somebody kills it
    with begun(folder) as (killed, first):
        code, said = in_this_process(folder, "--seconds", "1")
        assert (code, len(said.splitlines())) == (1, 1)
        assert f"{folder} is in use by process {killed.pid} " in said
        listed = subprocess.run([folder / "starter", "list"], env=environment(), capture_output=True, text=True, check=False)
        assert set(re.findall(r"anna|bert|carla", listed.stdout)) == {"anna", "bert", "carla"}, listed
        assert "\nSELLERBEAT_WEB_BIND=" in (folder / "env").read_text(encoding="utf-8")
        killed.kill()
    assert "enrolled: anna, bert, carla" in first
    assert re.search(r"^ +\d+ s  [\d,]+ changes, ", first, re.MULTILINE)  # no terminal: a line now and then
    assert oct((folder / "keys").stat().st_mode & 0o777) == "0o600"
    page = re.search(r"^page: (http://127\.0\.0\.1:\d+)$", first, re.MULTILINE)
    assert page, first
    before = ledger.read_bytes()
    before = before[: before.rindex(b"\n") + 1]  # it may have been killed within a line

    # the next one goes on at once, at the same address, until it is asked to end
    with begun(folder) as (running, until_then):
        assert "anna" in httpx.get(page[1], timeout=PATIENCE_S).text  # without a login
        running.send_signal(signal.SIGTERM)
        assert running.stdout
        last = until_then + running.stdout.read()
        assert running.wait() == 0, last
    assert WELL in last
    assert "enrolled:" not in last
    assert changes(last) >= 200
    assert delivered(last) > 0
    assert re.search(r"the sellers have 1\d\d SKUs, [45]\d listings, \d+ sold out; \d+ parcels", last), last
    assert ledger.read_bytes().startswith(before)
    eventually_here(lambda: not working_on(folder))  # a watcher looks five times a second whether it is still needed

    # what happened and was not recorded turns the verdict, and is all that is missing
    doctored = next(row for line in before.splitlines() if shipped(row := json.loads(line)))  # which no poll would find
    doctored |= {"entity_id": "00-00000-00000", "document": doctored["document"] | {"orderId": "00-00000-00000"}}
    with ledger.open("a") as lines:
        lines.write(json.dumps(doctored, separators=(",", ":")) + "\n")
    with devstack.postgres(folder) as url, closing(Store.connect(url, [(folder / "keys").read_text().split()[0]], pool_size=1)) as store:
        found = verdict.compare(store, ledger, verdict.JudgedSellers({name: name for name in enrollment.NAMES}))
        (endpoint,) = store.endpoints.all()
        (earliest,) = store.feed.read(limit=1)
    assert (found.lost, found.twice, found.wrong) == (1, 0, 0)
    assert found.examples == [f"lost: order {doctored['seller']}/00-00000-00000: no event"]
    assert endpoint.created_at <= datetime.fromisoformat(earliest["detected_at"])  # so that it is sent all of them


def taken_behind_a_free_one() -> socket.socket:
    """Listens below the ports that the system gives to others, so that none of them gets the one before it meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port - 1)):
            return socket.create_server(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("setting", "further"), [("SELLERBEAT_WEB_BIND", 0), ("SELLERBEAT_METRICS_BIND", 0), ("SELLERBEAT_METRICS_BIND", 1)]
)
def test_a_port_that_is_taken_is_one_line_before_anything_is_started(tmp_path: Path, setting: str, further: int) -> None:
    with taken_behind_a_free_one() as other:
        taken = other.getsockname()[1]

        code, said = in_this_process(tmp_path / "state", "--seconds", "1", settings={setting: f"127.0.0.1:{taken - further}"})

    assert (code, len(said.splitlines())) == (1, 1), said
    assert said.startswith(f"demo: {setting}: 127.0.0.1:{taken}")
    assert said.endswith("Address already in use; end what listens there, or name another port\n")
    assert [path.name for path in (tmp_path / "state").iterdir() if path.is_dir()] == []


def test_without_ebays_keys_the_real_run_ends_with_one_line_and_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    code, said = in_this_process(folder, "--real")

    assert (code, len(said.splitlines())) == (2, 1)
    assert "SELLERBEAT_EBAY_CLIENT_ID is not set" in said
    assert not folder.exists()


def test_the_real_run_uses_the_servers_that_settings_name_prepares_them_and_keeps_a_key(tmp_path: Path, database: str) -> None:
    """The Temporal lacks the search attributes, as any other than our own does."""
    folder = tmp_path / "state"
    with devstack.temporal() as bare:
        named = {"SELLERBEAT_DATABASE_URL": database, "TEMPORAL_ADDRESS": bare.address, "SELLERBEAT_TASK_QUEUE": "bare"}
        keys = {"SELLERBEAT_EBAY_CLIENT_ID": "id", "SELLERBEAT_EBAY_CLIENT_SECRET": "secret"}

        code, said = run(folder, "--real", "--seconds", "1", settings=named | keys)
        listed = subprocess.run([folder / "real" / "starter", "list"], env=environment(), capture_output=True, text=True, check=False)

    assert (code, "sellers: none" in said) == (0, True), said
    assert "a new key in state/real/keys" in said
    assert sorted(path.name for path in folder.iterdir()) == ["real"]
    assert not (folder / "real" / "postgres").exists()
    assert (listed.returncode, listed.stdout.startswith("no sellers yet; begin with: starter.py connect SELLER")) == (0, True), (
        listed.stderr
    )


def test_the_demo_touches_no_database_with_other_sellers(tmp_path: Path, database: str, temporal_address: str) -> None:
    with closing(Store.connect(database, [Fernet.generate_key().decode()], pool_size=1)) as store:
        store.sellers.enroll("shop-17", "token", scopes=[], now_ebay=datetime.now(UTC))

    code, said = in_this_process(
        tmp_path / "state", "--seconds", "1", settings={"SELLERBEAT_DATABASE_URL": database, "TEMPORAL_ADDRESS": temporal_address}
    )

    assert code == 1
    assert "the database has sellers that are not the demo's, such as shop-17" in said
    assert not (tmp_path / "state" / "worker.log").exists()
