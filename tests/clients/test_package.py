"""The package by itself: what it needs, how long it takes to load, and the example that stands beside it."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from sellerbeat import __version__, wire
from tests.support.waiting import least

CLIENT = Path(__file__).parents[2] / "clients" / "python"
SHOP = CLIENT / "examples" / "flask_shop" / "shop.py"
LOADED = "import sys; sys.path.insert(0, {path!r}); from sellerbeat import Feed, DbApiPosition, Sellerbeat, webhooks; webhooks.verify"


def test_it_needs_two_packages_and_python_310() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert [re.split("[<>=]", one)[0] for one in project["dependencies"]] == ["httpx", "pydantic"]
    assert (project["name"], project["requires-python"]) == ("sellerbeat", ">=3.10")
    assert project["version"] == __version__ == wire.VERSION
    assert (CLIENT / "sellerbeat" / "py.typed").exists()


def test_it_is_loaded_in_less_than_three_tenths_of_a_second() -> None:
    def took_s(program: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-E", "-c", program], check=True)
        return time.perf_counter() - began

    bare_s = least(lambda: took_s("pass"), 0.1)
    assert least(lambda: took_s(LOADED.format(path=str(CLIENT))) - bare_s, 0.3) < 0.3


def test_an_app_has_twelve_lines_of_it() -> None:
    lines = SHOP.read_text(encoding="utf-8").splitlines()
    own = [line for line in lines if re.search(r"^(from|import) sellerbeat|\bfeed\b|\bbeat\b|\bposition\b", line)]

    assert len(lines) < 150
    assert 10 <= len(own) <= 12
