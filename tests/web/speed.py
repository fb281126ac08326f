"""How long the pages of a fleet take, measured on the running process. `python -m tests.web.speed [--sellers 1000] [--keep]`.

A Postgres of its own with sellers who were polled for a day; `web.py` as it is started for real; no Temporal, no worker.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
from cryptography.fernet import Fernet
from sqlalchemy import text

import devstack
from store import Store
from store.migrate import upgrade
from tests.web.fleet import settle

ROOT = Path(__file__).parent.parent.parent
TIMES = 40


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.web.speed", description=__doc__)
    parser.add_argument("--sellers", type=int, default=1000)
    parser.add_argument("--keep", action="store_true", help="go on serving until Ctrl-C")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, devstack.postgres(Path(folder)) as url:
        upgrade(url)
        key = Fernet.generate_key().decode()
        store = Store.connect(url, [key])
        settle(store, options.sellers, polls=384)
        with store.engine.connect() as connection:
            runs = connection.execute(text("SELECT count(*) FROM poll_runs")).scalar_one()
        print(f"{options.sellers:,} sellers, {runs:,} polls in 24 hours")  # noqa: T201
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SELLERBEAT_", "TEMPORAL_"))}
        environment |= {"SELLERBEAT_DATABASE_URL": url, "SELLERBEAT_SECRET_KEYS": key, "SELLERBEAT_WEB_BIND": "127.0.0.1:0"}
        web = subprocess.Popen(
            [sys.executable, str(ROOT / "web.py")], env=environment | {"TEMPORAL_ADDRESS": "127.0.0.1:1"}, stderr=subprocess.PIPE, text=True
        )
        try:
            assert web.stderr
            address = re.search(r"http://\S+", next(line for line in web.stderr if "listens" in line))
            assert address
            measure(address[0], psutil.Process(web.pid))
            if options.keep:
                print(f"serving {address[0]}", flush=True)  # noqa: T201
                signal.pause()
        finally:
            web.terminate()
            web.wait(20)


def measure(address: str, web: psutil.Process) -> None:
    """CPU is that of web.py alone, without Postgres: it says more than the clock where others use the machine too."""
    with httpx.Client(base_url=address, timeout=30) as client:
        for what, path in (
            ("all sellers", "/"),
            ("page 10", "/?page=10"),
            ("one seller", "/sellers/s-0700"),
            ("500 changes", "/v1/changes?limit=500"),
        ):
            took: list[float] = []
            before = web.cpu_times()
            for _ in range(TIMES):
                began = time.perf_counter()
                answer = client.get(path)
                took.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.text
                time.sleep(0.1)  # as people press, so that what is kept for two seconds is read anew in between
            after = web.cpu_times()
            cpu = (after.user + after.system - before.user - before.system) * 1000 / TIMES
            middle, worst, size = statistics.median(took), sorted(took)[-2], len(answer.content) / 1000
            times = f"first {took[0]:6.0f} ms, usual {middle:5.1f} ms, worst but one {worst:5.1f} ms, CPU {cpu:4.1f} ms"
            print(f"{what:<12} {times}, {size:,.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()
