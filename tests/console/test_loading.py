"""What is typed most loads least: those commands live in one room, and starter.py knows which. What a command needs it asks for once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Pool, event
from typer.main import get_command

import starter
from console import reading
from settings import Settings
from tests.support.house import House

ASKING = ("list", "status anna", "quota", "quota --plan 10", "alerts", "set-aside", "changes", "snapshot anna inventory", "watch --json")


@pytest.fixture(scope="module")
def enrolled(house: House) -> House:
    """With anna, of whom there is something to show."""
    house.enroll("anna")
    return house


@pytest.fixture
def pools() -> Iterator[list[Pool]]:
    """Of each connection that is taken, the pool."""
    found: list[Pool] = []

    def take(connection: Connection) -> None:
        found.append(connection.engine.pool)

    event.listen(Engine, "engine_connect", take)
    yield found
    event.remove(Engine, "engine_connect", take)


def test_the_commands_that_load_little_are_those_of_the_room_that_reads() -> None:
    assert sorted(starter.READING) == sorted(get_command(reading.commands).commands)  # type: ignore[attr-defined]


def test_to_print_the_version_loads_no_more_than_the_commands_that_load_little() -> None:
    assert sorted(get_command(starter.commands("--version")).commands) == sorted(starter.READING)  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", [*ASKING, "reconcile", "pause anna", "token list"])
def test_a_command_checks_its_settings_once(enrolled: House, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[Settings] = []
    check = Settings.__init__

    def counted(settings: Settings, **values: Any) -> None:
        check(settings, **values)
        checked.append(settings)

    monkeypatch.setattr(Settings, "__init__", counted)

    assert enrolled.command(*command.split()).err == ""
    assert len(checked) == 1


@pytest.mark.parametrize("command", ASKING)
def test_a_command_asks_postgres_by_one_engine(enrolled: House, command: str, pools: list[Pool]) -> None:
    assert enrolled.command(*command.split()).err == ""
    assert len({id(pool) for pool in pools}) == 1
