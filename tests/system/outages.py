"""A deployment of real processes whose outages are made, and what each surface says of them meanwhile."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from sqlalchemy import make_url

from tests.end_to_end.test_emptied import Execute, OwnTemporal
from tests.support.house import ROOT, Child, House
from tests.support.waiting import eventually_here

PROMISED_S = 60
SURFACES = ("list", "status", "watch", "alerts", "doctor", "page", "seller's page", "API", "readyz", "metric")


@dataclass
class Deployment:
    """A house with a worker and a web process."""

    house: House
    temporal: OwnTemporal
    execute: Execute
    workers: list[Child]  # as they were started
    address: str
    metrics: str

    @property
    def worker(self) -> Child:
        """The newest."""
        return self.workers[-1]

    @worker.setter
    def worker(self, started: Child) -> None:
        self.workers.append(started)

    @property
    def database(self) -> str:
        name = make_url(self.house.database).database
        assert name
        return name

    def is_well(self) -> bool:
        """Nothing is found, and the seller is polled."""
        said = self.house.command("status", "anna", "--json")
        calm = said.code == 0 and said.object["state"] == "polling"
        return calm and httpx.get(f"{self.address}/readyz", timeout=30).json()["findings"] == []

    def command(self, *words: str) -> str:
        said = self.house.command(*words, COLUMNS="1000")
        return said.out + said.err

    def says(self) -> dict[str, str]:
        """Each surface, as text on one line."""
        said = {
            "list": self.command("list"),
            "status": self.command("status", "anna"),
            "watch": self.command("watch"),
            "alerts": self.command("alerts"),
            "doctor": self.command("doctor"),
            "page": httpx.get(self.address, timeout=30).text,
            "seller's page": httpx.get(f"{self.address}/sellers/anna", timeout=30).text,
            "API": httpx.get(f"{self.address}/v1/sellers/anna", timeout=30).text,
            "readyz": httpx.get(f"{self.address}/readyz", timeout=30).text,
            "metric": httpx.get(self.metrics, timeout=30).text,
        }
        return {name: " ".join(text.replace("&#39;", "'").split()) for name, text in said.items()}


@dataclass(frozen=True)
class Outage:
    """What everybody says of it, and what `status` says beside of the seller.

    `silent`: surfaces that cannot know; `remembering`: those that show what was, too. `state`: the seller's, where it `stalls`;
    `lacks_state`: it is not to be had, and `status` says why. `ready`: web.py can serve.
    """

    make: Callable[[Deployment], object]
    mend: Callable[[Deployment], object]
    part: str
    words: str
    remedy: str
    stalls: bool = True
    state: str = "stalled"
    silent: tuple[str, ...] = ()
    remembering: tuple[str, ...] = ()
    lacks_state: bool = False
    ready: bool = True

    def missing(self, deployment: Deployment) -> dict[str, str]:
        """Surfaces that do not say it yet."""
        said = {name: text.lower() for name, text in deployment.says().items()}  # a page begins its sentences with capital letters
        words, remedy = self.words.lower(), self.remedy.lower()
        metric = re.search(rf'^.*sellerbeat_unhealthy{{part="{self.part}"}} [1-9]', said["metric"])
        speak = {name: words in said[name] and remedy in said[name] for name in SURFACES if name not in ("metric", "status", "API")}
        states = {"status": f"anna: {self.state}", "API": f'"state":"{self.state}"'}
        speak |= {
            name: not self.stalls or (words in said[name] and (self.lacks_state or state in said[name])) for name, state in states.items()
        }
        speak["metric"] = metric is not None
        return {name: said[name] for name, speaks in speak.items() if not speaks and name not in self.silent}

    def still_said(self, deployment: Deployment) -> dict[str, str]:
        """Surfaces that say it, though it is over."""
        said = deployment.says()
        left = {name: text for name, text in said.items() if self.words.lower() in text.lower() and name not in self.remembering}
        if f'sellerbeat_unhealthy{{part="{self.part}"}} 0' not in said["metric"]:
            left["metric"] = said["metric"]
        return left


@contextmanager
def deployed(house: House, temporal: OwnTemporal, execute: Execute, *, with_worker: bool = True) -> Iterator[Deployment]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = f"127.0.0.1:{taken.getsockname()[1]}"
    house.enroll("anna")
    workers = [house.worker()] if with_worker else []
    web = house.child("web", str(ROOT / "web.py"), SELLERBEAT_METRICS_BIND=metrics)
    found = eventually_here(lambda: re.search(r"web listens.*?(http://[^\s\"]+)", web.output()))
    yield Deployment(house, temporal, execute, workers, found[1], f"http://{metrics}/metrics")
    assert "Traceback" not in web.output()
