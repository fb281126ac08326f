"""Prometheus as operators run it: its tool on our rules, and the real one that scrapes a running demo and asks every panel's question."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "sellerbeat.json"
INSTALL = "apt-get install prometheus"
EMPTY_IN_A_DEMO = {"Missed by polling", "Failures an hour", "Alerts by kind"}  # as all goes well
Needs = Callable[[str, str], str]


@pytest.fixture(scope="module")
def promtool(needs: Needs) -> Callable[..., None]:
    program = needs("promtool", INSTALL)

    def run(*arguments: str) -> None:
        done = subprocess.run([program, *arguments], cwd=PROMETHEUS, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_the_configuration_and_the_rules_are_valid(promtool: Callable[..., None]) -> None:
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "rules.yml")


def test_the_rules_fire_when_they_should_and_only_then(promtool: Callable[..., None]) -> None:
    promtool("test", "rules", "rules_test.yml")


def test_every_rule_is_tested() -> None:
    rules = set(re.findall(r"- alert: (\w+)", (PROMETHEUS / "rules.yml").read_text(encoding="utf-8")))
    tested = set(re.findall(r"alertname: (\w+)", (PROMETHEUS / "rules_test.yml").read_text(encoding="utf-8")))

    assert len(rules) > 8
    assert tested == rules


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


@contextmanager
def child(program: list[str], log: Path, **given: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **given)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(seen: Callable[[], Any], within: float, log: Path, *processes: subprocess.Popen[bytes]) -> Any:
    deadline = time.monotonic() + within
    while not (answer := seen()):
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        assert all(process.poll() is None for process in processes), log.read_text(errors="replace")[-3000:]
        time.sleep(0.2)
    return answer


def is_free(port: int) -> bool:
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


class Asked:
    """Prometheus' own API."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/api/v1"

    def __call__(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/query", params={"query": expression}).json()
        assert answer["status"] == "success", answer
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def value(self, expression: str) -> float:
        """The sum of what is found; 0 for nothing, also while it starts."""
        try:
            return sum(float(one["value"][1]) for one in self(expression))
        except (httpx.TransportError, ValueError):
            return 0.0

    def alerts(self) -> set[str]:
        """Rules that fire, or would once they have held for long enough."""
        return {alert["labels"]["alertname"] for alert in httpx.get(f"{self.url}/alerts").json()["data"]["alerts"]}


@pytest.fixture(scope="module")
def asked(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """A Prometheus with our configuration, but for the ports, that has scraped worker and web of a demo for a while."""
    program = needs("prometheus", INSTALL)
    folder = tmp_path_factory.mktemp("demo")
    worker_port = next(port for port in free_ports(50) if is_free(port + 1))
    web_port, (prometheus_port,) = worker_port + 1, free_ports(1)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SELLERBEAT_", "TEMPORAL_"))}
    configuration = (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    for before, after in (("localhost:9464", f"127.0.0.1:{worker_port}"), ("localhost:9465", f"127.0.0.1:{web_port}"), (": 15s", ": 1s")):
        assert before in configuration
        configuration = configuration.replace(before, after)
    (folder / "prometheus.yml").write_text(configuration)
    shutil.copy(PROMETHEUS / "rules.yml", folder)
    home, logs = folder / "home", [folder / name for name in ("demo.log", "prometheus.log")]
    with ExitStack() as running:
        demo = running.enter_context(
            child(
                [sys.executable, str(ROOT / "demo.py"), "--folder", str(home)],
                logs[0],
                cwd=folder,
                env=clean | {"SELLERBEAT_METRICS_BIND": f"127.0.0.1:{worker_port}"},
            )
        )
        until(lambda: "polls a simulated eBay" in logs[0].read_text() or "snapshot carla" in logs[0].read_text(), 120, logs[0], demo)
        data, listen = f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{prometheus_port}"
        prometheus = running.enter_context(
            child([program, f"--config.file={folder / 'prometheus.yml'}", data, listen], logs[1], cwd=folder)
        )
        asked = Asked(prometheus_port)
        until(lambda: asked.value("sum(increase(sellerbeat_changes_total[30s]))") > 0, 120, logs[1], demo, prometheus)
        until(lambda: asked.value('max(sellerbeat_sellers{state="polling"})') > 0, 120, logs[1], demo, prometheus)
        until(lambda: asked.value("sum(rate(sellerbeat_detection_delay_seconds_count[30s]))") > 0, 120, logs[1], demo, prometheus)
        yield asked


def test_a_real_prometheus_scrapes_worker_and_web_and_sees_the_fleet(asked: Asked) -> None:
    assert asked.value("sum(up)") == 2
    assert asked.value('max(sellerbeat_sellers{state="polling"})') > 0
    assert asked.value('sum(sellerbeat_polls_total{outcome="good"})') > 0
    assert asked.value("sum(sellerbeat_missed_changes_total)") == 0
    assert 0 < asked.value("max(sellerbeat_quota_left_calls / sellerbeat_quota_limit_calls)") <= 1


def test_no_rule_is_about_to_fire_while_all_is_well(asked: Asked) -> None:
    until(lambda: asked.alerts() == set(), 30, Path(os.devnull))


def test_every_panel_gets_an_answer(asked: Asked) -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    answers = {
        panel["title"]: [bool(asked(target["expr"].replace("$__rate_interval", "30s"))) for target in panel["targets"]] for panel in panels
    }

    assert {title for title, found in answers.items() if not all(found)} <= EMPTY_IN_A_DEMO
