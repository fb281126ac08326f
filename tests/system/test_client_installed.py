"""The client as people get it: a wheel in an environment of its own, on the oldest Python and beside the oldest packages that it names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.catalogue.reading import EVENTS
from operations.catalogue.samples import sample
from tests.support.house import ROOT
from tests.support.waiting import least

CLIENT = ROOT / "clients" / "python"
PROGRAM = ROOT / "tests" / "clients" / "installed.py"
SHOP = CLIENT / "examples" / "flask_shop" / "shop.py"
OUTERMOST = """
import json, re
from importlib.metadata import distributions
name = lambda text: re.split(r"[^\\w.-]", text)[0].lower().replace("_", "-")
needed = {name(one.name): {name(other) for other in one.requires or () if "extra ==" not in other} for one in distributions()}
print(json.dumps([sorted(needed.keys() - set().union(*needed.values())), sorted(needed["sellerbeat"])]))
"""
IMPORTED = """
import time
began = time.process_time()
from sellerbeat import DbApiPosition, Feed, Sellerbeat, events, webhooks
print(time.process_time() - began)
"""
CONSUMER = """
import psycopg2
from sellerbeat import DbApiPosition, Feed, Sellerbeat, events, webhooks

feed: Feed["psycopg2.extensions.connection"] = Feed("http://localhost:8080", "token", gone="oldest", then="set_aside")


@feed.on("inventory.sold")
def sold(event: events.InventorySold, connection: "psycopg2.extensions.connection") -> None:
    reveal_type(event.data.quantity)


@feed.on("order.created")
def wrong(event: events.InventorySold, connection: "psycopg2.extensions.connection") -> None: ...


for seller in Sellerbeat("http://localhost:8080", "token").sellers():
    reveal_type(seller)
event = webhooks.verify({"webhook-id": "1"}, b"", "secret")
if isinstance(event, events.OrderRefunded):
    reveal_type(event)
feed.run(DbApiPosition(lambda: psycopg2.connect("")), until_idle=1)
"""


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client")
    shutil.copytree(CLIENT, folder / "python", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, folder / "python")
    (made,) = folder.glob("*.whl")
    return made


def environment(python: str | Path, folder: Path, *packages: str | Path) -> Path:
    """The Python of a new one."""
    run(python, "-m", "venv", folder)
    made = folder / "bin" / "python"
    run(made, "-m", "pip", "install", "--quiet", *packages)
    return made


@pytest.fixture(scope="module")
def fresh(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(sys.executable, tmp_path_factory.mktemp("fresh"), wheel)


def samples(folder: Path) -> Path:
    """A file with one event of each type."""
    file = folder / "samples.json"
    file.write_text(json.dumps([sample(type_) for type_ in EVENTS]), encoding="utf-8")
    return file


def test_the_wheel_has_types_and_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("/METADATA"))

    assert "sellerbeat/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {"License-Expression: Apache-2.0", "Requires-Python: >=3.10"} <= set(metadata.splitlines())


def test_httpx_and_pydantic_are_all_that_it_asks_for(fresh: Path, tmp_path: Path) -> None:
    outermost, needed = json.loads(run(fresh, "-c", OUTERMOST))

    assert set(outermost) - {"pip", "setuptools", "wheel"} == {"sellerbeat"}
    assert needed == ["httpx", "pydantic"]
    assert run(fresh, PROGRAM, samples(tmp_path)).split() == [f"{len(EVENTS)}", "handled", "once"]


def test_it_is_loaded_in_less_than_three_tenths_of_a_second(fresh: Path) -> None:
    assert least(lambda: float(run(fresh, "-c", IMPORTED)), 0.3) < 0.3


def test_the_oldest_python_and_the_oldest_packages_do(wheel: Path, tmp_path: Path, needs: Callable[[str, str], str]) -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = "python" + project["requires-python"].removeprefix(">=")
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{oldest.removeprefix('python')}.*/bin/{oldest}"))
    python = pyenv[0] if pyenv else needs(oldest, f"pyenv install {oldest.removeprefix('python')}, or uv python install")
    lowest = [one.replace(">=", "==") for one in project["dependencies"]]

    made = environment(python, tmp_path / "oldest", wheel, *lowest)

    assert run(made, PROGRAM, samples(tmp_path)).split() == [f"{len(EVENTS)}", "handled", "once"]


def strict(*given: str | Path, folder: Path) -> list[str]:
    """What mypy finds and reveals in an app's code."""
    cache = f"--cache-dir={folder / 'cache'}"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary", cache, *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=folder)
    assert not done.stderr
    return re.findall(r"^\w+\.py:\d+: (.*)$", done.stdout, re.M)


def test_an_apps_checker_knows_every_type_and_finds_what_does_not_fit(fresh: Path, tmp_path: Path) -> None:
    run(fresh, "-m", "pip", "install", "--quiet", "psycopg2-binary", "types-psycopg2")
    (tmp_path / "consumer.py").write_text(CONSUMER, encoding="utf-8")

    found = strict("consumer.py", f"--python-executable={fresh}", folder=tmp_path)

    revealed = [one.partition('"')[2].rstrip('"') for one in found if one.startswith("note: Revealed")]
    assert revealed == ["int | None", "sellerbeat.answers.SellerRow", "sellerbeat.events.OrderRefunded"]
    errors = [one for one in found if one.startswith("error:")]
    assert len(errors) == 2, errors
    assert "InventorySold" in errors[0]
    assert "until_idle" in errors[1]


def test_package_and_example_are_strictly_typed_for_the_oldest_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYPYPATH", str(CLIENT))

    assert strict("--python-version=3.10", "-p", "sellerbeat", folder=tmp_path) == []
    shutil.copy(SHOP, tmp_path)
    assert strict("--python-version=3.10", SHOP.name, folder=tmp_path) == []
