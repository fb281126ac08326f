"""Whatever the demo's page and API offer: its verdict stands, and the next one goes on."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.demo_stack.demo.test_run import HOUSE, PATIENCE_S, WELL, environment, working_on
from tests.support.waiting import eventually_here
from tests.system.buttons import DemoPage, press_everything


def free_ports() -> tuple[int, int]:
    """Two neighbours below those that systems give to outgoing connections, and another one."""
    for first in range(19_000, 20_000, 3):
        try:
            for port in range(first, first + 3):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first, first + 2
    raise AssertionError("no free ports between 19000 and 20000")


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[tuple[subprocess.Popen[str], DemoPage, str]]:
    """A demo, its page, and what it said until its first line about the sellers."""
    command = [sys.executable, str(HOUSE / "demo.py"), "--folder", str(folder)]
    with subprocess.Popen(
        command, env=environment(**settings), cwd=folder.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout
            said = ""
            for line in process.stdout:
                said += line
                if "; sellers: " in line:
                    break
            url = re.search(r"^page: (\S+)$", said, re.MULTILINE)
            assert url, said
            with httpx.Client(base_url=url[1], timeout=PATIENCE_S) as http:
                yield process, DemoPage(http), said
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> str:
    """What it says when it is asked to end; it ends well."""
    process.send_signal(signal.SIGTERM)
    assert process.stdout
    said = process.stdout.read()
    assert process.wait() == 0, said
    assert WELL in said
    return said


def test_the_fourth_account_is_connected_on_the_page_judged_and_there_again_whatever_else_is_pressed(tmp_path: Path) -> None:
    folder, (metrics, page_port) = tmp_path / "state", free_ports()
    binds = {"SELLERBEAT_WEB_BIND": f"127.0.0.1:{page_port}", "SELLERBEAT_METRICS_BIND": f"127.0.0.1:{metrics}"}

    with running(folder, **binds) as (process, page, begun):
        assert f"page: http://127.0.0.1:{page_port}\n" in begun
        for port in (metrics, metrics + 1):
            assert f"metrics: http://127.0.0.1:{port}/metrics" in begun
            assert "sellerbeat_" in httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S).text
        assert page.connect("my-shop", "dora") == 200
        eventually_here(lambda: page.state("my-shop")["changes_24h"] > 0)
        press_everything(page)
        first = ended(process)
    assert "my-shop, the eBay account dora, was connected on the page: judged too" in first
    assert "not judged" not in first

    # removed, erased, and connected under other ids
    with running(folder) as (process, page, begun):
        assert "enrolled:" not in begun
        assert page.state("my-shop")["state"] != "needs_reauthorization"
        page.act("DELETE", "/v1/sellers/carla")
        page.act("DELETE", "/v1/sellers/anna?erase=true")
        page.act("DELETE", "/v1/sellers/my-shop?erase=true")
        assert page.connect("carlotta", "carla") == 200
        assert page.connect("dora", "dora") == 200
        page.press("/sellers/bert/pause", reason="for the night")
        page.press(f"/endpoints/{page.act('GET', '/v1/endpoints')['endpoints'][0]['id']}/disable")
        second = ended(process)
    assert "carlotta, the eBay account carla, was connected on the page" in second
    assert "bert is paused (for the night): not judged" in second
    assert "is switched off (by hand)" in second

    # who was removed and is nobody's is there again
    with running(folder) as (process, page, begun):
        assert "enrolled: anna\n" in begun
        page.act("POST", "/v1/sellers/bert/resume")
        page.act("DELETE", f"/v1/endpoints/{page.act('GET', '/v1/endpoints')['endpoints'][0]['id']}")
        last = ended(process)
    assert "was removed: its deliveries are not judged" in last
    eventually_here(lambda: not working_on(folder))
