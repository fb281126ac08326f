"""The reader in JavaScript of docs/how-to/read-the-feed.md, as it is written, against the page of a demo."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.system.browser.conftest import demo  # noqa: F401 - a fixture

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "read-the-feed.md"


def read(node: str, folder: Path, address: str) -> list[int]:
    """Positions of the changes that a start gets until it has kept a new one of its own; then it is killed."""
    before = position(folder)
    with subprocess.Popen(
        [node, "reader.mjs"], cwd=folder, env={"FEED_URL": address, "FEED_TOKEN": "none"}, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout
        positions = []
        while position(folder) == before:
            positions.append(json.loads(reader.stdout.readline())["position"])
        reader.kill()
        return positions


def position(folder: Path) -> int:
    file = folder / "position"
    return int(file.read_text()) if file.exists() else 0


def test_the_reader_in_javascript_goes_on_where_it_was_killed(demo: str, tmp_path: Path) -> None:  # noqa: F811
    node = shutil.which("node")
    assert node, "Node is missing: apt-get install nodejs"
    (code,) = re.findall(r"```javascript\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    (tmp_path / "reader.mjs").write_text(code, encoding="utf-8")

    first = read(node, tmp_path, demo)
    stored = position(tmp_path)
    second = read(node, tmp_path, demo)

    assert first == sorted(set(first))
    assert first[0] == 1
    assert second[0] == stored + 1
