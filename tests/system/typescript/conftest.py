"""The client of `clients/typescript`, installed and compiled once, and what it is tried against: a real site and a real Postgres."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from store import Store
from tests.support.house import ROOT
from tests.system.typescript.serving import opened
from tests.web.conftest import rooms_store, store  # noqa: F401 - fixtures

PACKAGE = ROOT / "clients" / "typescript"
NODE = "Node 18.19 or newer, with npm: apt-get install nodejs npm, or see nodejs.org"
Run = Callable[..., str]


@pytest.fixture(scope="session")
def run(needs: Callable[[str, str], str]) -> Run:
    """`run(["npm", "install"], folder, NAME="value")`: what it prints; the test fails with that where the program fails."""

    def ran(command: Sequence[str], folder: Path = PACKAGE, **environment: str) -> str:
        needs(command[0], NODE)
        done = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}", pytrace=False)
        return done.stdout

    return ran


@pytest.fixture(scope="session")
def package(run: Run) -> Path:
    """Its folder: what it needs is there, and source, tests and examples are compiled, strictly."""
    version = run(["node", "--version"]).strip().removeprefix("v").split(".")
    assert [*map(int, version[:2])] >= [18, 19], NODE
    run(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"])
    run(["npm", "run", "check"])
    return PACKAGE


@pytest.fixture
def door(store: Store) -> Iterator[str]:  # noqa: F811
    with opened(store) as address:
        yield address
