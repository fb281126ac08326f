"""The recorded histories, by name: those of today's stories, and those that older releases left."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from temporalio.client import WorkflowHistory

from tests.workflows.stories import SECOND_HALVES, STORIES

HISTORIES = Path(__file__).parent.parent / "histories"
NAMES = sorted({*STORIES, *SECOND_HALVES.values(), *(path.stem for path in HISTORIES.glob("*.json"))})


@cache
def load(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(name, (HISTORIES / f"{name}.json").read_text(encoding="utf-8"))
