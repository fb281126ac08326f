"""The folder that a demo keeps, so that the next one goes on where this one ends.

keys       the key that encrypts the sellers' tokens (0600)        ledger.jsonl   what really happened at the simulated eBay
env        settings for a second terminal (0600)                   postgres/ temporal/   the servers' data
starter    starter.py with those settings                          worker.log web.log ebay.log   of this run; `.1`: of the one before
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from demo_stack.devstack.folder import Folder

HOUSE = Path(__file__).resolve().parents[2]
STARTER = """#!/bin/sh
# starter.py with the settings of the demo that runs here
set -a
. {env}
set +a
exec {python} {starter} "$@"
"""


class Home:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    @classmethod
    @contextmanager
    def locked(cls, path: Path) -> Iterator[Home]:
        """The folder, ours alone while the block runs.

        Raises:
            DevstackError: another demo runs in it, or it cannot be made.
        """
        folder = Folder(path)
        with folder.locked():
            folder.write_record(folder.record().get("ports") or {})  # says who we are, to one who finds the lock taken
            yield cls(folder)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    @property
    def path(self) -> Path:
        return self.folder.path

    @property
    def ledger(self) -> Path:
        return self / "ledger.jsonl"

    def display(self, name: str = "") -> str:
        """A path as it is typed in the working directory."""
        path = self.path / name
        return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

    def port(self, name: str) -> int:
        """For the child of that name: the last one, unless somebody took it."""
        last = self.folder.record().get("ports") or {}
        port = self.folder.ports([name], same=True)[name]
        self.folder.write_record({**last, name: port})
        return port

    def key(self) -> tuple[str, bool]:
        """The key of this folder, and whether it was made just now."""
        file = self / "keys"
        made = not file.exists()
        if made:
            self._write("keys", Fernet.generate_key().decode() + "\n", 0o600)
        return file.read_text().strip(), made

    def write_starter(self, environment: Mapping[str, str]) -> None:
        """What a second terminal needs: `starter`, to be used as starter.py is."""
        self._write("env", "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(environment.items())), 0o600)
        words = {"env": self / "env", "python": sys.executable, "starter": HOUSE / "starter.py"}
        self._write("starter", STARTER.format(**{name: shlex.quote(str(word)) for name, word in words.items()}), 0o700)

    def _write(self, name: str, text: str, mode: int) -> None:
        half = self / f"{name}.new"
        half.unlink(missing_ok=True)
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        half.replace(self / name)
