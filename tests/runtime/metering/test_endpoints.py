"""What a worker and a web process show at /metrics, against their list, their page in docs/, the rules and the dashboard."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from domain.comparison import Mode
from runtime.metering.meters import NOTIFIED
from runtime.metering.metrics import METRICS, MetricKind
from simulator import World
from store.schema.kinds import AlertKind
from tests.support.house import ROOT, House
from tests.support.receivers import Receiver, stored_port
from tests.support.waiting import PATIENCE_S, eventually_here

SERIES = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$", re.M)
NAME = re.compile(r"\b(?:sellerbeat|temporal)_[a-z_]+\b")
SELLER = "anna-of-metrics"


@dataclass(frozen=True)
class Shown:
    worker: str
    web: str
    traces: bytes  # what the worker sent, as it came
    log: str  # of the worker

    def series(self, name: str) -> dict[str, float]:
        """By labels."""
        return {labels: float(value) for found, labels, value in SERIES.findall(self.worker + self.web) if found == name}


class Collector(BaseHTTPRequestHandler):
    """Takes traces, as OpenTelemetry's collector does."""

    taken: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.taken.append(self.path.encode() + b"\n" + self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def collector() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def ports() -> Iterator[tuple[int, int]]:
    with stored_port() as one, stored_port() as other:
        yield one, other


@pytest.fixture(scope="module")
def shown(open_house: Callable[..., House], collector: str, ports: tuple[int, int]) -> Shown:
    """A seller with an order, an error of eBay's, an open alert, and an endpoint that was told of it."""
    house = open_house(
        World(seed=77), orders_every="0.5s", admin_token="a token of the tests", web_bind="127.0.0.1:0", delivery_loopback="true"
    )
    house.enroll(SELLER)
    house.store.modes.set(SELLER, Mode.SHADOW)
    house.world.faults.force(503, "", resource="order")
    with Receiver() as receiver:
        house.store.endpoints.add(receiver.url, ["order.*"])
        worker = house.worker(SELLERBEAT_METRICS_BIND=f"127.0.0.1:{ports[0]}", OTEL_EXPORTER_OTLP_ENDPOINT=collector)
        eventually_here(lambda: house.world.place_order(SELLER) and house.events(SELLER))
        eventually_here(lambda: receiver.posts)
    house.store.deletions.take("somebody", "u-1")  # the first of two looks is over soon, the second one in three minutes
    house.store.open_alert(AlertKind.KEYS_REFUSED, "as a test says")
    web = house.child("web", str(ROOT / "web.py"), SELLERBEAT_METRICS_BIND=f"localhost:{ports[1]}")
    pages = [f"http://127.0.0.1:{port}/metrics" for port in ports]

    def read(number: int, awaited: str) -> str | None:
        try:
            text = httpx.get(pages[number], timeout=PATIENCE_S).text
        except httpx.TransportError:
            return None
        return text if re.search(awaited, text, re.M) else None

    try:
        of_web: str = eventually_here(lambda: read(1, "^sellerbeat_fleet_read_timestamp_seconds"))
        delayed = r'^sellerbeat_detection_delay_seconds_count [1-9](?s:.*)^sellerbeat_polls_total\{outcome="good",stream="orders"\} [1-9]'
        of_worker: str = eventually_here(lambda: read(0, delayed))
    finally:
        assert [child.end(signal.SIGTERM) for child in (web, worker)] == [0, 0]
    return Shown(of_worker, of_web, b"".join(Collector.taken), worker.output())


def test_each_metric_is_shown_with_its_type_and_labels_and_nothing_else_of_ours_is(shown: Shown) -> None:
    types = dict(re.findall(r"^# TYPE (sellerbeat_\S+) (\S+)$", shown.worker + shown.web, re.M))
    labels = {
        metric.name: set(
            re.findall(r'(\w+)="', next(iter(shown.series(metric.name + ("_sum" if metric.kind is MetricKind.HISTOGRAM else "")))))
        )
        for metric in METRICS
    }

    assert types == {metric.name: metric.kind.value for metric in METRICS}
    assert labels == {metric.name: set(metric.labels) for metric in METRICS}


def test_the_figures_are_those_of_the_fleet(shown: Shown) -> None:
    assert shown.series("sellerbeat_sellers")['state="polling"'] == 1
    assert shown.series("sellerbeat_alerts_open")['kind="keys_refused"'] == 1
    assert shown.series("sellerbeat_alerts_open")['kind="set_aside"'] == 0
    assert shown.series("sellerbeat_failures_total") == {'error="EbayUnavailableError",stream="orders"': 1}
    assert shown.series("sellerbeat_api_calls_total")['answer="5xx",resource="orders"'] == 1
    assert shown.series("sellerbeat_quota_limit_calls")['resource="orders"'] == 100_000
    assert shown.series("sellerbeat_sellers_by_mode")['mode="shadow"'] == 1
    assert shown.series("sellerbeat_compared_changes")['seen_by="only_polling"'] == 0
    assert shown.series("sellerbeat_notifications_total") == {f'outcome="{outcome}"': 0 for outcome in NOTIFIED}
    assert 0 < shown.series("sellerbeat_erasure_oldest_seconds")[""] < 120
    assert shown.series("sellerbeat_missed_changes_total")['stream="sweep"'] == 0  # there from the start


def test_the_temporal_sdk_shows_its_own_beside_ours_and_nobody_is_named(shown: Shown) -> None:
    assert "temporal_activity_execution_latency_seconds_bucket" in shown.worker
    assert SELLER not in shown.worker + shown.web


def test_traces_of_steps_go_where_the_variable_says_and_hold_ids_only(shown: Shown) -> None:
    assert b"/v1/traces\n" in shown.traces
    assert b"RunActivity:poll_orders" in shown.traces
    assert b"sellerbeat-worker" in shown.traces
    assert b"username" not in shown.traces


def test_the_workers_log_is_json_where_it_is_no_terminal_with_the_seller_and_the_run_of_each_step(shown: Shown) -> None:
    lines = [json.loads(line) for line in shown.log.splitlines()]
    failed = [line for line in lines if line["event"] == "step failed"]

    assert [(one["seller_id"], one["activity"], one["attempt"], one["error"]) for one in failed] == [
        (SELLER, "poll_orders", 1, "EbayUnavailableError")
    ]
    assert all(one["run_id"] and one["workflow_id"] == f"ebay-polling:{SELLER}" for one in failed)
    assert {line["event"] for line in lines} >= {"worker runs on task queue", "worker stops once the steps in hand are done"}
    assert all({"timestamp", "level", "logger"} <= line.keys() for line in lines)


def test_a_taken_port_ends_worker_and_web_with_one_line(open_house: Callable[..., House]) -> None:
    house = open_house(World(seed=78), web_bind="127.0.0.1:0")
    with socket.create_server(("127.0.0.1", 0)) as place:
        bind = f"127.0.0.1:{place.getsockname()[1]}"
        children = [house.child(name, str(ROOT / f"{name}.py"), SELLERBEAT_METRICS_BIND=bind) for name in ("worker", "web")]
        said = [child.result() for child in children]

    assert [one.code for one in said] == [1, 1]
    assert all(re.fullmatch(rf"\w+: SELLERBEAT_METRICS_BIND: cannot listen on {bind}: Address already in use.*\n", one.err) for one in said)


def test_the_page_in_the_docs_describes_each_metric_as_it_is() -> None:
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(sellerbeat_\w+)` \| (\w+) \| ([\w, ]*) ?\|", text, re.M)
    described = [(name, kind, labels.strip()) for name, kind, labels in rows]

    assert described == [(metric.name, metric.kind.value, ", ".join(metric.labels)) for metric in METRICS]


def existing(shown: Shown) -> set[str]:
    """Names that an expression may use."""
    return {name for name, _, _ in SERIES.findall(shown.worker + shown.web)}


def test_every_panel_of_the_dashboard_uses_metrics_that_exist(shown: Shown) -> None:
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "sellerbeat.json").read_text(encoding="utf-8"))
    used = {panel["title"]: set(NAME.findall(" ".join(target["expr"] for target in panel["targets"]))) for panel in dashboard["panels"]}

    assert len(used) > 15
    assert {title: names - existing(shown) for title, names in used.items() if not names or names - existing(shown)} == {}


def test_every_rule_uses_metrics_that_exist_and_names_a_file_that_does(shown: Shown) -> None:
    text = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    used = set(NAME.findall(" ".join(re.findall(r"^\s+expr: (.*)$", text, re.M))))
    books = [book for book in re.findall(r"runbook: '?([^'\n]+)", text) if "{{" not in book]

    assert len(used) > 8
    assert used - existing(shown) == set()
    assert len(books) > 8
    assert [book for book in books if not Path(ROOT / book).is_file()] == []
