"""Tests that need programs which `make test` does not: run by `make test-system`. A missing one fails, and says how to install it."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from tests.support.opening import open_house  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def needs() -> Callable[[str, str], str]:
    """`needs("promtool", "apt-get install prometheus")`: the program's path, or the test fails with that advice."""

    def found(program: str, install: str) -> str:
        path = shutil.which(program)
        if path is None:
            pytest.fail(f"{program} is not installed or not on PATH: {install}", pytrace=False)
        return path

    return found


@pytest.fixture(scope="session")
def chromium(needs: Callable[[str, str], str]) -> str:
    """Its path."""
    other = next((name for name in ("chromium-browser", "google-chrome") if shutil.which(name)), "chromium")
    return needs("chromium" if shutil.which("chromium") else other, "apt-get install chromium")
