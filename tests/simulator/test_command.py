import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from simulator.ledger import read

COMMAND = [sys.executable, "-m", "simulator"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_serves_and_ends_cleanly(tmp_path: Path, number: int) -> None:
    ledger = tmp_path / "ledger.jsonl"
    options = ["--ledger", str(ledger), "--seller", "anna=100:5", "--history", "2"]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(6)]
        url = said[0].rsplit(" ", 1)[1].strip()
        about = httpx.get(f"{url}/simulator/sellers").json()
        form = {"grant_type": "refresh_token", "refresh_token": about["sellers"][0]["refresh_token"]}
        token = httpx.post(f"{url}/identity/v1/oauth2/token", data=form, auth=(about["client_id"], about["client_secret"]))
        process.send_signal(number)
        errors = process.communicate(timeout=10)[1]

    assert token.status_code == 200
    assert process.returncode == 0
    assert errors == ""
    assert about["sellers"][0]["refresh_token"] in said[3]
    assert len([row for row in read(ledger) if row["kind"] == "order"]) >= 200


@pytest.mark.parametrize("seller", ["anna=many", "=3", "anna=-1"])
def test_a_seller_that_makes_no_sense_ends_it_with_one_line(seller: str) -> None:
    done = subprocess.run([*COMMAND, "--seller", seller], capture_output=True, text=True, check=False, timeout=20)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert seller in done.stderr
