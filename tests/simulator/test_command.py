import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from simulator.__main__ import main
from simulator.hostile.profile import PROFILE
from simulator.ledger import read
from tests.support.waiting import PATIENCE_S

COMMAND = [sys.executable, "-m", "simulator"]


@contextmanager
def running(options: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The simulator as a process that ends with the block, also when a line is awaited that never comes."""
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        watch = threading.Timer(PATIENCE_S, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_serves_and_ends_cleanly(tmp_path: Path, number: int) -> None:
    ledger = tmp_path / "ledger.jsonl"
    options = ["--ledger", str(ledger), "--seller", "anna=100:5:7:2", "--history", "2"]
    with running(options) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(6)]
        url = said[0].rsplit(" ", 1)[1].strip()
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as http:
            about = http.get("/simulator/sellers").json()
            form = {"grant_type": "refresh_token", "refresh_token": about["sellers"][0]["refresh_token"]}
            token = http.post("/identity/v1/oauth2/token", data=form, auth=(about["client_id"], about["client_secret"]))
        process.send_signal(number)
        errors = process.communicate(timeout=PATIENCE_S)[1]

    assert token.status_code == 200
    assert process.returncode == 0
    assert errors == ""
    assert about["sellers"][0]["refresh_token"] in said[3]
    assert len([row for row in read(ledger) if row["kind"] == "order"]) >= 200
    assert len([row for row in read(ledger) if row["entity_id"].startswith("listing:")]) >= 7
    assert len([row for row in read(ledger) if row["kind"] == "listing"]) >= 2


def test_help_names_every_switch() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True, timeout=PATIENCE_S)

    words = set(done.stdout.replace(",", " ").replace(".", " ").split())
    assert words >= PROFILE.keys()


def test_a_wrong_option_ends_the_process_with_one_line() -> None:
    done = subprocess.run([*COMMAND, "--seller", "anna=many"], capture_output=True, text=True, check=False, timeout=PATIENCE_S)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "anna=many" in done.stderr


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """The handlers of signals are afterwards as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("seller", ["anna=many", "=3", "anna=-1", "anna=1:2:-3", "anna=1:2:3:4:5"])
def test_a_seller_that_makes_no_sense_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], seller: str) -> None:
    code, errors = main(["--seller", seller]), capsys.readouterr().err

    assert code == 2
    assert len(errors.splitlines()) == 1
    assert seller in errors


def test_a_hostile_one_with_a_quota_can_be_made_quiet(tmp_path: Path) -> None:
    options = ["--seller", "anna=1000:5", "--rate", "5000", "--hostile", "--switch", "clock_off_s=0", "--quota", "order=7", "--quiet"]
    with running(options) as process:
        assert process.stdout
        url = process.stdout.readline().rsplit(" ", 1)[1].strip()
        with httpx.Client(base_url=url, timeout=PATIENCE_S) as http:
            quiet = http.post("/simulator/quiet").json()
            http.post("/simulator/calm")
            about = http.get("/simulator/sellers").json()
            form = {"grant_type": "refresh_token", "refresh_token": about["sellers"][0]["refresh_token"]}
            token = http.post("/identity/v1/oauth2/token", data=form, auth=(about["client_id"], about["client_secret"])).json()
            headers = {"Authorization": f"Bearer {token['access_token']}"}
            answers = [http.get("/sell/fulfillment/v1/order", headers=headers).status_code for _ in range(9)]
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=PATIENCE_S)[1]

    assert quiet["shown_at"] >= quiet["now"]
    assert answers == [200] * 7 + [429] * 2
    assert (process.returncode, errors) == (0, "")


@pytest.mark.usefixtures("undisturbed")
@pytest.mark.parametrize("option", [["--quota", "orders=5"], ["--quota", "order=many"], ["--switch", "latte=1"], ["--switch", "late"]])
def test_an_option_that_makes_no_sense_is_refused_in_one_line(capsys: pytest.CaptureFixture[str], option: list[str]) -> None:
    code, errors = main(option), capsys.readouterr().err

    assert code == 2
    assert len(errors.splitlines()) == 1
