"""How long web.py takes to answer eBay's notifications, beside the least: an empty answer, a signature's check and a row inserted.

A process as it is started for real, with its key fetched from a simulated eBay; no Temporal, no worker.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from uuid import uuid4

import httpx
from sqlalchemy import text

from ebay.signatures import is_signed, read_key, read_signature
from lab.benchmarks.pages import serving
from lab.benchmarks.servers import BenchmarkServers
from lab.benchmarks.table import ResultTable, held, spread
from simulator.clock import Clock
from simulator.state.notices import Notices
from store import Store

ADDRESS = "/ebay/notifications/seller"
PROMISED_MS = 50.0
LARGE = 1_000_000
INSERT = text("INSERT INTO sellerbeat.claims (name, at) VALUES (:name, clock_timestamp())")


@dataclass(frozen=True)
class Sizes:
    times: int = 200


QUICK = Sizes(times=50)


def measure(servers: BenchmarkServers, sizes: Sizes = Sizes()) -> list[ResultTable]:
    found = ResultTable("notifications of eBay's", ["", "ms", "19 of 20 within", "beside the least", "promised under 50 ms"])
    notices = Notices(1, Clock())  # the simulated eBay of every benchmark has this seed, and so these keys
    with closing(Store.connect(servers.database_url, [servers.secret_key])) as store:
        store.sellers.enroll("seller", "no token", scopes=[], now_ebay=datetime.now(UTC))
        with serving(servers) as (address, _), httpx.Client(base_url=address, timeout=60) as client:
            post(client, notices, body(), 204)  # the key is fetched
            empty = took(lambda: client.get("/healthz").raise_for_status(), sizes.times)
            checked = took(lambda: check(notices, body()), sizes.times)
            inserted = took(lambda: insert(store), sizes.times)
            least = median(empty) + median(checked) + median(inserted)
            parts = ", ".join(f"{median(one):.1f}" for one in (empty, checked, inserted))
            found.add(f"the least: an empty answer, a check, a row: {parts}", f"{least:.1f}", "", "1.0", "")
            known = body()
            for words, given, status in (
                ("a new one, kept", body, 204),
                ("a copy", lambda: known, 204),
                (f"a new one of {LARGE:,} bytes", lambda: body("x" * LARGE), 204),
                ("a forged one", lambda: body() + b" ", 412),
            ):
                times = took(lambda given=given, status=status: post(client, notices, given(), status), sizes.times)  # type: ignore[misc]
                most = sorted(times)[len(times) * 19 // 20 - 1]
                found.add(words, spread(times), f"{most:.1f}", f"{median(times) / least:.1f}", held(median(times) < PROMISED_MS))
    found.notes.append("ms with the signing on eBay's side, some 0.1")
    return [found]


def took(ask: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each try."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        found.append((time.perf_counter() - began) * 1000)
    return found


def body(more: str = "") -> bytes:
    data = {"user": {"userId": "u", "username": "seller"}, "order": {"orderId": "03-1-1"}, "more": more}
    notification = {"notificationId": str(uuid4()), "eventDate": "2026-06-18T12:00:00.000Z", "publishAttemptCount": 1, "data": data}
    return json.dumps({"metadata": {"topic": "ORDER_CONFIRMATION"}, "notification": notification}).encode()


def post(client: httpx.Client, notices: Notices, content: bytes, status: int) -> None:
    header = notices.signature(content if status == 204 else content[:-1])
    answer = client.post(ADDRESS, content=content, headers={"X-EBAY-SIGNATURE": header})
    if answer.status_code != status:
        raise RuntimeError(f"web.py answered {answer.status_code} and not {status}")


def check(notices: Notices, content: bytes) -> None:
    signature, key = read_signature(notices.signature(content)), read_key(notices.public_key(notices.kid))
    if signature is None or key is None or not is_signed(content, signature, key):
        raise RuntimeError("a good signature was refused")


def insert(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(INSERT, {"name": str(uuid4())})
