"""The status page, seen from the demo."""

from __future__ import annotations

from stage.child import Child
from stage.home import HOUSE, Home
from stage.kept import Kept


class WebProcess(Kept):
    def __init__(self, home: Home, bind: str) -> None:
        """`bind`: what SELLERBEAT_WEB_BIND says, such as 127.0.0.1:8080."""
        super().__init__(Child(home, "web", [str(HOUSE / "web.py")]), "web listens")
        self.url = f"http://{bind}"
