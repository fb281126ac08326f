"""A Temporal dev server of our own, with a Web UI if wished."""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from demo_stack.devstack.binaries import temporal_cli
from demo_stack.devstack.folder import Folder
from demo_stack.devstack.leftovers import stop_leftovers
from demo_stack.devstack.process import ServerProcess, on_ports, running


@dataclass(frozen=True)
class TemporalServer:
    address: str  # host:port
    ui_url: str | None = None  # the Web UI; None: there is none that we know of


@contextlib.contextmanager
def temporal(folder: Path | None = None, ui: bool = False, extra: Sequence[str] = ()) -> Iterator[TemporalServer]:
    """A Temporal dev server with the namespace `default`; its data in `folder/temporal`, or in memory without a folder.

    A second start in the same folder finds the workflows, and takes the same ports if nobody took them.

    Args:
        extra: further arguments of `temporal server start-dev`, such as `--search-attribute`, `Seller=Keyword`.
    Raises:
        DevstackError: no Temporal found, another living process uses the folder, or the server did not start.
    """
    path = Path(tempfile.mkdtemp(prefix="temporal-")) if folder is None else folder
    try:
        home = Folder(path / "temporal")
        with home.locked() as lock:
            stop_leftovers(temporal_cli().name, home / "temporal.db")
            names = ["temporal", "ui", "http"]
            with on_ports(home, names, lambda ports: _running(home, ports, lock, folder is not None, ui, extra)) as server:
                yield server
    finally:
        if folder is None:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _running(home: Folder, ports: dict[str, int], lock: int, on_disk: bool, ui: bool, extra: Sequence[str]) -> Iterator[TemporalServer]:
    address = f"127.0.0.1:{ports['temporal']}"
    argv = [str(temporal_cli()), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(ports["temporal"])]
    argv += ["--http-port", str(ports["http"])]
    argv += ["--ui-port", str(ports["ui"]), "--ui-disable-news-fetch"] if ui else ["--headless"]
    if on_disk:
        # survives a kill of the server; a crash of the machine may cost the last moments, which Sellerbeat polls again
        argv += ["--db-filename", str(home / "temporal.db"), "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=off"]
    server = ServerProcess(
        name="Temporal",
        folder=home,
        argv=[*argv, *extra],
        log=home.fresh_log("temporal.log"),
        answers=lambda: _answers(ports["http"]),
        remove=None if on_disk else home.path.parent,
        stop=((signal.SIGKILL, 5.0),),  # asked politely it takes 1.3 s, and is in no better order: each commit is in the file already
    )
    with running(server, lock):
        yield TemporalServer(address, f"http://127.0.0.1:{ports['ui']}" if ui else None)


def _answers(http_port: int) -> bool:
    """Asked over the HTTP door, which leads to the same frontend: the SDK's client would need an event loop and a runtime."""
    try:
        door = HTTPConnection("127.0.0.1", http_port, timeout=5)
        with contextlib.closing(door):
            door.request("GET", "/api/v1/namespaces/default")
            return door.getresponse().status == 200
    except (OSError, HTTPException):
        return False
