"""The client in TypeScript as it stands here; what it does is tried in tests/system/typescript, which needs Node."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.client_typescript import answers, api

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clients" / "typescript"
GENERATED = {"answers.ts", "api.ts", "events.ts"}


def test_routes_and_answers_are_as_the_description_says() -> None:
    made = {"answers.ts": answers(), "api.ts": api()}

    assert {name: (PACKAGE / "src" / name).read_text(encoding="utf-8") for name in made} == made, "run `make docs`"


def test_it_needs_one_package_and_no_file_needs_a_scroll_bar() -> None:
    described = json.loads((PACKAGE / "package.json").read_text(encoding="utf-8"))
    sources = {path.name: path.read_text(encoding="utf-8") for path in (PACKAGE / "src").glob("*.ts")}
    imported = {name for text in sources.values() for name in re.findall(r'from "([^.][^"]*)"', text)}

    assert len(sources) > 10
    assert [*described["dependencies"]] == [*imported] == ["standardwebhooks"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in described["devDependencies"].values())
    assert (described["name"], described["license"], described["engines"]) == ("@sellerbeat/client", "Apache-2.0", {"node": ">=18.19"})
    assert "--test-reporter=tap" in described["scripts"]["test"]  # as tests/system/typescript reads it
    assert f'VERSION = "{described["version"]}"' in sources["wire.ts"]
    assert {name for name, text in sources.items() if len(text.splitlines()) > 300} == GENERATED


@pytest.mark.parametrize("node", [True, False])
def test_the_gate_says_where_there_is_no_node(tmp_path: Path, node: bool) -> None:
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    for name in ("make", *(["node"] if node else [])):
        (tmp_path / name).write_text('#!/bin/sh\necho "make $*"\n', encoding="utf-8")
        (tmp_path / name).chmod(0o755)

    said = subprocess.run([ROOT / ".ci" / "run"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True).stdout

    first, second = said.splitlines()
    assert first == "make check"
    assert second == "make test-clients" if node else "not tried" in second
