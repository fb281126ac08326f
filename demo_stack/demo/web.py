"""The status page, seen from the demo."""

from __future__ import annotations

import os

from demo_stack.demo.child import Child
from demo_stack.demo.home import HOUSE, Home
from demo_stack.demo.supervised import SupervisedProcess
from settings import PREFIX

METRICS = f"{PREFIX}METRICS_BIND"


class WebProcess(SupervisedProcess):
    def __init__(self, home: Home, bind: str) -> None:
        """`bind`: what SELLERBEAT_WEB_BIND says, such as 127.0.0.1:8080."""
        own = {METRICS: next_port(given)} if (given := os.environ.get(METRICS)) else {}
        super().__init__(Child(home, "web", [str(HOUSE / "web.py")], own=own), "web listens")
        self.url = f"http://{bind}"


def next_port(bind: str) -> str:
    """The worker has the address that was given; the page shows its metrics one port further."""
    host, _, port = bind.rpartition(":")
    return f"{host}:{int(port) + 1}" if int(port) else bind
