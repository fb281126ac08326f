from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from demo_stack import devstack
from tests.demo_stack.devstack.conftest import ServerOwner, at_work, ended
from tests.support.waiting import PATIENCE_S, eventually_here


async def test_temporal_in_memory_answers_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    with devstack.temporal() as server:
        client = await Client.connect(server.address)
        handle = await client.start_workflow("Any", id="one", task_queue="none")
        status = (await handle.describe()).status

    assert status == WorkflowExecutionStatus.RUNNING
    assert server.ui_url is None
    assert at_work(folder) == []
    assert list(folder.iterdir()) == []


async def test_a_second_start_finds_the_workflows_and_the_ports(folder: Path) -> None:
    with devstack.temporal(folder) as first:
        client = await Client.connect(first.address)
        await client.start_workflow("Any", id="kept", task_queue="none")

    with devstack.temporal(folder) as second:
        client = await Client.connect(second.address)
        stored = await client.get_workflow_handle("kept").describe()

    assert stored.status == WorkflowExecutionStatus.RUNNING
    assert second == first
    assert at_work(folder) == []


def test_the_web_ui_is_where_it_says(folder: Path) -> None:
    with devstack.temporal(folder, ui=True) as server:
        assert server.ui_url
        with urlopen(server.ui_url, timeout=PATIENCE_S) as answer:
            page = answer.read().decode()

    assert "<title>Temporal" in page or "svelte" in page


async def test_further_arguments_reach_the_server() -> None:
    with devstack.temporal(extra=["--namespace", "second"]) as server:
        client = await Client.connect(server.address, namespace="second")
        workflows = [workflow async for workflow in client.list_workflows()]

    assert workflows == []


def test_a_failed_start_reports_the_end_of_the_log_and_leaves_no_process(folder: Path) -> None:
    with pytest.raises(devstack.DevstackError) as failure, devstack.temporal(folder, extra=["--no-such-flag"]):
        pass

    assert "unknown flag: --no-such-flag" in str(failure.value)
    assert at_work(folder) == []


def test_a_setting_that_names_no_program_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVSTACK_TEMPORAL", "/nowhere/temporal")

    with pytest.raises(devstack.DevstackError) as failure, devstack.temporal(folder):
        pass

    assert str(failure.value) == "DEVSTACK_TEMPORAL: /nowhere/temporal is no program"


def test_a_kill_leaves_no_server_in_memory(folder: Path, monkeypatch: pytest.MonkeyPatch, child: Callable[..., ServerOwner]) -> None:
    monkeypatch.setenv("TMPDIR", str(folder))
    running: ServerOwner = child("devstack.temporal()")
    (folder_path,) = folder.iterdir()
    servers = psutil.Process(running.process.pid).children(recursive=True)

    running.end(9)

    assert len(servers) == 2
    eventually_here(lambda: ended(servers) and not folder_path.exists())
