"""A process of ours as it is started for real, for as long as a part needs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.benchmarks.servers import HOUSE


@contextmanager
def program(name: str, environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python NAME`, with its log in a file; it is ended behind."""
    with log.open("wb") as sink, subprocess.Popen([sys.executable, str(HOUSE / name)], env=dict(environment), stderr=sink) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)
