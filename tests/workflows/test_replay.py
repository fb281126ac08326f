"""Workflows that run under older code go on under this one: recorded histories replay without a difference."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from workflows.seller_polling import SellerPolling
from workflows.state import PollingState

HISTORIES = sorted((Path(__file__).parent.parent / "histories").glob("*.json"))


def test_there_are_histories_to_replay() -> None:
    assert len(HISTORIES) >= 7


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=[SellerPolling], data_converter=pydantic_data_converter)

    await replayer.replay_workflow(WorkflowHistory.from_json(f"ebay-polling:{path.stem}", path.read_text(encoding="utf-8")))


@workflow.defn(name="SellerPolling", sandboxed=False)
class Edited(SellerPolling):
    @workflow.init
    def __init__(self, state: PollingState) -> None:
        super().__init__(state)

    @workflow.run
    async def run(self, state: PollingState) -> None:
        await workflow.sleep(timedelta(seconds=1))  # a timer where none was


async def test_an_incompatible_edit_would_be_caught() -> None:
    replayer = Replayer(workflows=[Edited], data_converter=pydantic_data_converter)
    history = WorkflowHistory.from_json("ebay-polling:signals", HISTORIES[-1].read_text(encoding="utf-8"))

    with pytest.raises(workflow.NondeterminismError):
        await replayer.replay_workflow(history)
