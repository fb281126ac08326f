"""Two who want one folder, files of others, ports that are taken."""

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from demo_stack import devstack
from tests.demo_stack.devstack.conftest import ServerOwner, Spawn, at_work
from tests.demo_stack.devstack.test_postgres import ask
from tests.support.present import present


def test_a_folder_in_use_is_refused_in_one_line_and_its_server_goes_on(used: Path, child: Callable[..., ServerOwner]) -> None:
    owner = child(f"devstack.postgres(Path({str(used)!r}), fast=True)")

    with pytest.raises(devstack.DevstackError) as refusal, devstack.postgres(used, fast=True):
        pass

    assert str(refusal.value).startswith(f"{used}/postgres is in use by process {owner.process.pid} (")
    assert "\n" not in str(refusal.value)
    assert ask(owner.says["server"], "SELECT 1") == "1"


def test_of_two_that_start_at_once_one_wins(used: Path, spawn: Spawn) -> None:
    both = [spawn(f"devstack.postgres(Path({str(used)!r}), fast=True)") for _ in range(2)]

    said = [json.loads(present(process.stdout).readline()) for process in both]

    winners = [words["server"] for words in said if "server" in words]
    losers = [words["error"] for words in said if "error" in words]
    assert len(winners) == 1
    assert "is in use by process" in losers[0]
    assert ask(winners[0], "SELECT 1") == "1"


def test_the_same_process_cannot_start_a_folder_twice(folder: Path) -> None:
    with devstack.temporal(folder):
        with pytest.raises(devstack.DevstackError) as refusal, devstack.temporal(folder):
            pass

    assert f"is in use by process {os.getpid()}" in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    ["", "no number", f"{os.getpid()}\n/elsewhere\n1\n5432\n\n127.0.0.1\n\nready\n", "999999999\n"],
    ids=["empty", "words", "ours", "nobody"],
)
def test_a_pid_file_of_others_neither_stops_the_start_nor_hurts_anybody(used: Path, text: str) -> None:
    (used / "postgres/data/postmaster.pid").write_text(text)

    with devstack.postgres(used, fast=True) as url:
        answer = ask(url, "SELECT 1")

    assert answer == "1"


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"ports": 5, "owner": "x"}', f'{{"ports": {{"postgres": -1}}, "owner": {os.getpid()}}}'],
    ids=["empty", "a list", "odd values", "no port"],
)
def test_an_unreadable_record_is_no_obstacle(used: Path, text: str) -> None:
    (used / "postgres/server.json").write_text(text)

    with devstack.postgres(used, fast=True) as url:
        answer = ask(url, "SELECT 1")

    assert answer == "1"


def test_a_program_that_only_mentions_the_folder_is_left_alone(used: Path) -> None:
    bystander = Popen([sys.executable, "-c", "input()", str(used / "postgres/data")], stdin=-1)

    with devstack.postgres(used, fast=True):
        alive = bystander.poll() is None

    bystander.communicate(b"\n")
    assert alive
    assert at_work(used) == []


def test_a_port_that_was_taken_meanwhile_is_given_up(used: Path) -> None:
    with devstack.postgres(used, fast=True) as first:
        pass
    port = int(first.rsplit(":", 1)[1].split("/")[0])

    with socket.create_server(("127.0.0.1", port)), devstack.postgres(used, fast=True) as second:
        answer = ask(second, "SELECT 1")

    assert answer == "1"
    assert second != first


def test_a_folder_that_cannot_be_made_is_one_clear_line(folder: Path) -> None:
    (folder / "file").touch()

    with pytest.raises(devstack.DevstackError) as failure, devstack.postgres(folder / "file"):
        pass

    assert str(failure.value) == f"cannot make the folder {folder}/file: File exists"
