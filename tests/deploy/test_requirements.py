"""What is installed: every version as pinned, every file by its hash, and no address of an index."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from demo_stack.demo.setup import PIP
from domain.version import VERSION

HOUSE = Path(__file__).resolve().parents[2]
LISTS = ("runtime", "dev", "system")
ENTRY = re.compile(r"([a-z0-9-]+)(?:\[[a-z,-]+\])?==(\S+)(?: ; [^\\]+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def normal(name: str) -> str:
    """As the index spells it (PEP 503), without extras and bounds."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[>=<]", name)[0]).lower()


def text(name: str) -> str:
    return (HOUSE / "requirements" / f"{name}.txt").read_text(encoding="utf-8")


def entries(name: str) -> dict[str, tuple[str, str]]:
    """Of each package in a list: version and hashes."""
    return {found[1]: (found[2], found[3]) for found in ENTRY.finditer(text(name))}


def test_every_list_holds_versions_with_hashes_and_nothing_else() -> None:
    for name in (*LISTS, "supply"):
        assert ENTRY.sub("", text(name)) == ""
        assert len(entries(name)) > 10


@pytest.mark.parametrize(("smaller", "larger"), [("runtime", "dev"), ("dev", "system")])
def test_what_runs_is_what_the_tests_ran_with(smaller: str, larger: str) -> None:
    assert entries(smaller).items() <= entries(larger).items()


def test_the_lists_are_of_this_project_at_its_pinned_versions() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = {"runtime": [*project["dependencies"], *extras["otel"]], "dev": extras["dev"], "system": extras["system"]}
    pinned = dict(line.split("==") for line in (HOUSE / "constraints.txt").read_text(encoding="utf-8").split())
    versions = {normal(name): version for name, version in pinned.items()}

    for name in LISTS:
        found = {package: version for package, (version, _) in entries(name).items()}
        assert {normal(one) for one in named[name]} <= found.keys(), f"make lock: {name} lacks what pyproject.toml names"
        assert {package: version for package, version in found.items() if versions.get(package, version) != version} == {}


def test_set_up_and_image_take_no_file_without_its_hash() -> None:
    for name in ("Makefile", "Dockerfile"):
        installs = [line for line in (HOUSE / name).read_text(encoding="utf-8").splitlines() if "/pip install" in line]
        assert installs
        assert [line for line in installs if "--require-hashes" not in line or "--only-binary :all:" not in line] == []
    assert {"--require-hashes", "--only-binary"} < set(PIP)


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == VERSION


@pytest.mark.parametrize("name", ["h11", "httpcore", "httpx", "uvicorn"])
def test_a_library_whose_private_parts_are_used_has_an_upper_bound(name: str) -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))
    (needed,) = [Requirement(one) for one in project["project"]["dependencies"] if normal(one) == name]
    looked_into = [files for files, rules in project["tool"]["ruff"]["lint"]["per-file-ignores"].items() if "SLF" in rules]

    assert any(one.operator == "<" for one in needed.specifier)
    assert needed.specifier.contains(version(name))
    assert looked_into[0] == "{ebay/http,outbound/idle}.py"  # another file looks into another library: bound that one too
