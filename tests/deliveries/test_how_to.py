"""The receivers of docs/how-to/deliver.md, as they are written there."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from domain.delivery import STEPS
from store.schema.delivery_tables import FLEET_CURSOR
from tests.deliveries.hand import Hand, replay
from tests.support.receivers import stored_port
from tests.support.waiting import eventually_here

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "deliver.md"


def test_the_receiver_in_python_takes_each_change_once_and_refuses_a_forgery(hand: Hand, tmp_path: Path) -> None:
    took = receive(hand, tmp_path, [sys.executable, "receiver.py"], code("python"))

    assert took == ["order.created o-0", "order.created o-1"]


def test_the_receiver_begins_anew_when_it_is_told_of_a_restore(hand: Hand, tmp_path: Path) -> None:
    hand.enroll("anna")
    (tmp_path / "receiver.py").write_text(code("python"), encoding="utf-8")
    with ExitStack() as things:
        port = things.enter_context(stored_port())
        endpoint, secret = hand.endpoint(f"http://127.0.0.1:{port}/", "order.*", "alert.*")
        environment = os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(port)}
        program = [sys.executable, "receiver.py"]
        receiver = things.enter_context(subprocess.Popen(program, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True))
        try:
            eventually_here(lambda: listening(port))
            hand.store.restores.renew()
            assert hand.run(endpoint, seller=FLEET_CURSOR).delivered == 1
        finally:
            receiver.terminate()
        assert receiver.stdout
        assert receiver.stdout.read().splitlines() == ["alert.opened alert:restored", "begins anew"]


def code(language: str) -> str:
    found: str
    (found,) = re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    return found


def receive(hand: Hand, folder: Path, program: list[str], text: str) -> list[str]:
    """What it prints of two changes, the first of them sent twice; a message of a stranger's it does not take."""
    (folder / program[1]).write_text(text, encoding="utf-8")
    hand.enroll("anna")
    with ExitStack() as things:
        port = things.enter_context(stored_port())
        endpoint, secret = hand.endpoint(f"http://127.0.0.1:{port}/")
        stranger, _ = hand.endpoint(f"http://127.0.0.1:{port}/")
        environment = os.environ | {"WEBHOOK_SECRET": secret, "PORT": str(port)}
        receiver = things.enter_context(subprocess.Popen(program, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True))
        try:
            eventually_here(lambda: listening(port))
            first, _ = hand.change("anna", orders=2)
            assert hand.run(stranger).wait_s
            assert hand.store.deliveries.log(stranger)[0]["status"] == 401
            assert hand.run(endpoint).delivered == 2
            assert replay(hand.store, endpoint=endpoint, ids=(first,)) == 1
            assert hand.run(endpoint).delivered == 1
        finally:
            receiver.terminate()
        assert receiver.stdout
        return receiver.stdout.read().splitlines()


def listening(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_the_schedule_is_told_as_it_is() -> None:
    said = re.search(r"sent again after (.*?), each a little", HOW_TO.read_text(encoding="utf-8"))
    units = {"s": 1, "min": 60, "h": 3600}

    assert said
    assert [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)", said[1])] == list(STEPS)
