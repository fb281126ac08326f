"""A new stream is one row, one step and one pure function: here in a copy of the product, where it is polled, paced, shown and alerted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).parent.parent
ROOMS = ("domain", "ebay", "store", "outbound", "runtime", "activities", "workflows")
OTHERS = ("console", "operations", "lab", "simulator", "demo_stack", "settings.py", "worker.py")
GUIDE = (HOUSE / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLAY = """
import json, sys
from datetime import timedelta
from lab.chaos.skipped import START, skipped_fleet
from domain.streams import Stream
from simulator import World
from store.schema import migrate

migrate.upgrade(sys.argv[1])
with skipped_fleet(sys.argv[1], World(seed=1, now=START)) as fleet:
    for seller in ("anna", "bert", "carla", "dora"):
        fleet.world.add_seller(seller)
        fleet.enroll(seller, (Stream.ORDERS, Stream.PILE))
    fleet.run(timedelta(minutes=59))
    polls = [one for one in fleet.polls if one.seller == "anna" and one.stream is Stream.PILE]
    well = fleet.store.seller("anna")["streams"]["pile"]
    fleet.world.lasting.stop("order", sellers=["anna"])
    fleet.run(timedelta(hours=3))
    alerts = [(one["seller_id"], one["kind"]) for one in fleet.store.alerts()]
    ill = fleet.store.seller("anna")
failures = ill["streams"]["pile"]["failures"]
print(json.dumps({"polls": len(polls), "why": well["why"], "alerts": alerts, "state": ill["state"], "failures": failures}))
"""


def blocks() -> dict[str, str]:
    """The guide's diff, by the file that its first line names: `# domain/streams.py, after: LINE`."""
    found = {}
    for block in GUIDE.split("```python\n")[1:]:
        head, _, code = block.partition("```")[0].partition("\n")
        found[head.removeprefix("# ")] = code
    return found


def test_a_stream_that_is_added_as_the_guide_says_is_polled_paced_shown_and_alerted(tmp_path: Path, database: str) -> None:
    for name in (*ROOMS, *OTHERS):
        source = HOUSE / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path)
    added = blocks()
    for head, code in added.items():
        name, _, line = head.partition(", after: ")
        path = tmp_path / name
        if not line:
            path.write_text(code, encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8")
        assert text.count(f"{line}\n") == 1, head
        path.write_text(text.replace(f"{line}\n", f"{line}\n{code}"), encoding="utf-8")

    played = subprocess.run([sys.executable, "-c", PLAY, database], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)

    assert played.returncode == 0, played.stderr[-2000:]
    found = json.loads(played.stdout.splitlines()[-1])
    assert len(added) == 6
    assert (found["polls"], found["why"]) == (4, "every 15 min")
    assert ["anna", "failing:pile"] in found["alerts"]
    assert (found["state"], found["failures"] > 3) == ("failing", True)
