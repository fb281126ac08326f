"""What is typed most loads least: those commands live in one room, and starter.py knows which."""

from typer.main import get_command

import starter
from console import reading


def test_the_commands_that_load_little_are_those_of_the_room_that_reads() -> None:
    assert sorted(starter.READING) == sorted(get_command(reading.commands).commands)  # type: ignore[attr-defined]
