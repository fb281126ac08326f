from pathlib import Path

import pytest

from demo_stack import devstack
from tests.demo_stack.devstack.conftest import at_work
from tests.demo_stack.devstack.test_postgres import ask


def test_servers_named_by_settings_are_used_and_nothing_is_started(folder: Path) -> None:
    with devstack.stack(folder, database_url="postgresql://db/x", temporal_address="temporal:7233") as servers:
        started = list(folder.iterdir())

    assert servers == devstack.Stack("postgresql://db/x", devstack.TemporalServer("temporal:7233"))
    assert started == []


def test_what_no_setting_names_is_started(used: Path) -> None:
    there: list[str] = []
    with devstack.stack(used, temporal_address="temporal:7233", fast=True, answers=there.append) as servers:
        assert there == ["Postgres"]
        answer = ask(servers.database_url, "SELECT 1")
        started = [path.name for path in used.iterdir()]

    assert (answer, started, servers.temporal.address) == ("1", ["postgres"], "temporal:7233")


def test_if_one_does_not_start_the_other_is_stopped(used: Path) -> None:
    with pytest.raises(devstack.DevstackError) as failure, devstack.stack(used, extra=["--no-such-flag"], fast=True):
        pass

    assert "--no-such-flag" in str(failure.value)
    assert at_work(used) == []
