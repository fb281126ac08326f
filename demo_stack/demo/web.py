"""The status page, seen from the demo."""

from __future__ import annotations

import os

from demo_stack.demo.binds import METRICS, next_port, url_of
from demo_stack.demo.child import Child
from demo_stack.demo.home import HOUSE, Home
from demo_stack.demo.supervised import SupervisedProcess


class WebProcess(SupervisedProcess):
    def __init__(self, home: Home, bind: str) -> None:
        """`bind`: what SELLERBEAT_WEB_BIND says, such as 127.0.0.1:8080."""
        own = {METRICS: next_port(given)} if (given := os.environ.get(METRICS)) else {}
        super().__init__(Child(home, "web", [str(HOUSE / "web.py")], own=own), "web listens")
        self.url = url_of(bind)
