"""The client's own tests, which run in Node, against a real site and a real Postgres."""

from __future__ import annotations

import re
from pathlib import Path

from tests.system.typescript.conftest import Run
from tests.web.site import TOKEN


def test_the_tests_in_node_pass(package: Path, run: Run, door: str, empty_database: str) -> None:
    printed = run(["npm", "test"], DOOR=door, APP_DATABASE_URL=empty_database)

    (passed,) = re.findall(r"^# pass (\d+)", printed, re.M)
    assert int(passed) > 30
    assert re.findall(r"^# (?:fail|skipped|todo|cancelled) (\d+)", printed, re.M) == ["0"] * 4
    assert TOKEN not in printed
