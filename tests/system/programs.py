"""Programs of ours that stand in for others' servers: eBay and a proxy, as processes that can be killed."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from demo_stack import devstack
from tests.support.house import ROOT
from tests.support.waiting import eventually_here

WATCHED = Path(devstack.__file__).with_name("watched.py")  # so that it ends with us, also when we are killed


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


class Program:
    """`python -m MODULE ...` that listens on a port. `kill` and `start` it as often as is needed."""

    def __init__(self, port: int, *arguments: str) -> None:
        self.port, self.arguments = port, arguments
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        words = [sys.executable, "-E", "-S", str(WATCHED), sys.executable, "-m", *self.arguments]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        eventually_here(self.listens)

    def listens(self) -> bool:
        assert self.process
        assert self.process.poll() is None, "it ended by itself"
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """As `kill -9` does; nobody listens when this returns."""
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None


def simulated_ebay(seed: int, ledger: Path, *sellers: str) -> Program:
    """In which nothing happens by itself. Started again, it goes on where it ended, with the same tokens."""
    port = free_port()
    named = [word for seller in sellers for word in ("--seller", f"{seller}=0")]
    return Program(port, "simulator", "--quiet", "--seed", str(seed), "--port", str(port), "--ledger", str(ledger), *named)


def proxy_to(address: str) -> Program:
    """One for http, which passes on to this address alone whatever is asked for."""
    port = free_port()
    return Program(port, "simulator.proxy", address, "--port", str(port))
