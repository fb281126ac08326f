"""The simulated eBay, seen from the demo: where it is, and how to make it stand still."""

from __future__ import annotations

import json
import select
from datetime import datetime
from typing import Any

import httpx

from demo_stack.demo.child import Child
from demo_stack.demo.home import HOUSE, Home

REDIRECT_NAME = "Sellerbeat-Demo-RuName"


def settings_of(url: str, client_id: str, client_secret: str) -> dict[str, str]:
    """What our processes need to take it for eBay."""
    return {
        "SELLERBEAT_EBAY_API_URL": url,
        "SELLERBEAT_EBAY_APIZ_URL": url,
        "SELLERBEAT_EBAY_AUTH_URL": url,
        "SELLERBEAT_EBAY_REDIRECT_NAME": REDIRECT_NAME,
        "SELLERBEAT_EBAY_CLIENT_ID": client_id,
        "SELLERBEAT_EBAY_CLIENT_SECRET": client_secret,
    }


class SimulatedEbay:
    def __init__(self, home: Home) -> None:
        self.new = not home.ledger.exists()
        program = ["-m", "demo_stack.demo.ebay", "--port", str(home.port("ebay")), "--ledger", str(home.ledger)]
        self.child = Child(home, "ebay", program, cwd=HOUSE, talks=True)
        self.about: dict[str, Any] = {}

    def start(self) -> None:
        self.child.start()

    def has_spoken(self) -> bool:
        """Whether it says where it is, to be heard by `arrive`."""
        process = self.child.process
        return bool(self.about or (process and process.stdout and select.select([process.stdout], [], [], 0)[0]))

    def arrive(self) -> None:
        """Wait until it answers. Raises DemoError."""
        self.about = json.loads(self._hear())

    @property
    def url(self) -> str:
        return str(self.about["url"])

    def settings(self) -> dict[str, str]:
        return settings_of(self.url, self.about["client_id"], self.about["client_secret"])

    def lead_back(self, address: str) -> None:
        """Where its consent page leads a seller."""
        redirect = {"name": REDIRECT_NAME, "accepted": address}
        httpx.post(f"{self.url}/simulator/redirect", params=redirect, timeout=10).raise_for_status()

    def refresh_token(self, seller: str) -> str:
        return str(self.about["tokens"][seller])

    @property
    def user_ids(self) -> dict[str, str]:
        """Each account's name by eBay's id of it."""
        return dict(self.about["user_ids"])

    def look_after(self) -> None:
        """Raises DemoError: it ended."""
        if self.child.exit_code is not None:
            raise self.child.failure(f"ended with exit code {self.child.exit_code}")

    def stand_still(self) -> datetime:
        """From now on nothing happens there; what happened can still be polled. Gives the moment from which all of it is shown.

        Raises:
            DemoError: it ended.
        """
        process = self.child.process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write("quiet\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise self.child.failure("ended") from None
        return datetime.fromisoformat(self._hear().strip())

    def calls(self) -> dict[str, int]:
        """Calls since its start by resource, as eBay counts them."""
        counted: dict[str, int] = {}
        for resources in httpx.get(f"{self.url}/simulator/counters", timeout=10).json()["calls"].values():
            for resource, count in resources.items():
                counted[resource] = counted.get(resource, 0) + count
        return counted

    def _hear(self) -> str:
        process = self.child.process
        assert process is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise self.child.failure(f"ended with exit code {process.wait()}")
        return line
