"""Records histories of today's workflows, for tomorrow's code to be replayed against.

`python -m tests.workflows.record [FOLDER [NAME ...]]`: all of them, or those that are named.

What happens in each is in `stories.py` and the modules that its list takes in. A new signal, step or way of the workflow needs a story
there; tests say so. Record all anew only with a release: the old files stay as long as workflows that began under that code may run.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from demo_stack import devstack
from runtime.shutdown import leave
from tests.support.histories import chain
from tests.workflows.fakes import polling_worker
from tests.workflows.recorded import HISTORIES
from tests.workflows.stage import Stage
from tests.workflows.stories import SECOND_HALVES, STORIES, Story

OURS = {"identity": "recorder"}
NOBODYS = {"stackTrace", "binaryChecksum"}


async def record(name: str, story: Story, folder: Path) -> None:
    async with devstack.time_skipping() as world, polling_worker(world.client) as steps:
        reported = await story(Stage(world, steps))
        names = [name, SECOND_HALVES[name]] if name in SECOND_HALVES else [name]
        for part, history in zip(names, reversed(await chain(world.client, reported.id)), strict=True):
            text = json.dumps(anonymous(history.to_json_dict()), separators=(",", ":"))
            (folder / f"{part}.json").write_text(text + "\n", encoding="utf-8")


def anonymous(value: Any) -> Any:
    """Without the names of the machine and process that recorded it, and without paths."""
    if isinstance(value, dict):
        return {key: OURS.get(key) or anonymous(item) for key, item in value.items() if key not in NOBODYS}
    return [anonymous(item) for item in value] if isinstance(value, list) else value


async def main() -> None:
    logging.disable(logging.WARNING)  # the failures are asked for
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HISTORIES
    for name in sys.argv[2:] or STORIES:
        await record(name, STORIES[name], folder)


if __name__ == "__main__":
    asyncio.run(main())
    leave(0)
