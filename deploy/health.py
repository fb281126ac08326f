"""Is the process of this container well? Exit 0: yes; 1: no, with one line that says why. Standard library only.

The first process of the container says which one it is: both must answer on `/healthz`, `worker.py` where SELLERBEAT_HEALTH_BIND is set
(else it is enough that it runs). `/readyz`, which fails without Postgres or Temporal, is not asked: to restart a worker for them mends
neither. A name given as an argument serves outside of a container.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

DOORS = {"web.py": ("SELLERBEAT_WEB_BIND", "127.0.0.1:8080", "/healthz"), "worker.py": ("SELLERBEAT_HEALTH_BIND", "", "/healthz")}
PATIENCE_S = 4


def main(arguments: list[str]) -> int:
    words = arguments or Path("/proc/1/cmdline").read_text(encoding="utf-8").split("\0")
    for name in (Path(word).name for word in words):
        if name in DOORS:
            return ask(name)
    sys.stderr.write("health: neither web.py nor worker.py runs here\n")
    return 1


def ask(name: str) -> int:
    variable, usual, path = DOORS[name]
    bind = os.environ.get(variable) or usual
    if not bind:
        return 0
    host, _, port = bind.rpartition(":")
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}{path}"
    try:
        with urlopen(url, timeout=PATIENCE_S):  # any other status than 2xx is an error
            return 0
    except (URLError, OSError) as error:
        sys.stderr.write(f"health: {name} does not answer well on {path}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
