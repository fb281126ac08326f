"""What a shell offers behind a Tab, what a key does in a terminal, and how little a command loads that is typed most."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shlex
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from console.completing import seller_ids
from tests.support.house import ROOT, House
from tests.support.typed import typed
from tests.support.waiting import eventually_here

STARTER = ROOT / "starter.py"
# As bash does it at a Tab: the script that --show-completion prints, and its function called with the words of the line.
TAB = """
source {script}
COMP_WORDS=({words}); COMP_CWORD={at}
_starterpy_completion {starter}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
HEAVY = {
    "store.store",
    "store.reading.snapshots",
    "cryptography",
    "rich.console",
    "rich.table",
    "activities",
    "ebay",
    "httpx",
    "temporalio.worker",
}
LOADED = "import starter, sys; starter.commands('status'); import console.standing, operations.status, workflows.connection, store.asked; "


@pytest.fixture(scope="module")
def anna(house: House) -> House:
    house.enroll("anna")
    house.enroll("annika")
    house.enroll("bert")
    return house


def tab(house: House, line: str) -> list[str]:
    """In a real bash, which is what is proven: it starts the program anew."""
    script = house.folder / "completion.bash"
    script.write_text(typed(house.folder, **{"_STARTER.PY_COMPLETE": "source_bash"}).out)
    words = line.split(" ")
    typed_words = " ".join(map(shlex.quote, ["starter.py", *words]))
    text = TAB.format(script=script, words=typed_words, at=len(words), starter=STARTER)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # the program's first line looks for its Python there
    said = subprocess.run(
        ["bash", "-c", text], env=house.environment | {"PATH": path}, cwd=house.folder, capture_output=True, text=True, check=True
    )
    assert said.stderr == ""
    return said.stdout.split()


def test_bash_completes_the_ids_of_sellers(anna: House) -> None:
    assert tab(anna, "status ann") == ["anna", "annika"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_the_same(anna: House, shell: str) -> None:
    asked = {
        "_STARTER.PY_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "starter.py changes --seller an",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    script = typed(anna.folder, **{"_STARTER.PY_COMPLETE": f"source_{shell}"})
    said = anna.command(variables=asked)

    assert "anna" in said.out
    assert "bert" not in said.out
    assert (script.code, said.code, said.err) == (0, 0, "")
    assert "_STARTER.PY_COMPLETE" in script.out


def test_without_postgres_no_seller_is_offered_and_nothing_is_said(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELLERBEAT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    assert seller_ids("a") == []
    assert tuple(capfd.readouterr()) == ("", "")


@contextmanager
def in_a_terminal(house: House, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], int, Callable[[], str]]]:
    """The program in a terminal of 80 columns and 24 lines; the keyboard's end, and what the screen was sent so far."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {name: value for name, value in house.environment.items() if name not in ("COLUMNS", "LINES")} | {"TERM": "xterm"}
    running = subprocess.Popen(
        [sys.executable, STARTER, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=house.folder
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    seen = bytearray()

    def sent() -> str:
        try:
            while more := os.read(ours, 65_536):
                seen.extend(more)
        except OSError:  # nothing more for now, or the program has ended
            pass
        return seen.decode(errors="replace")

    try:
        yield running, ours, sent
    finally:
        running.kill()
        running.wait()
        os.close(ours)


@pytest.mark.parametrize("end", ["xq", pytest.param("q", marks=pytest.mark.repeats), pytest.param("ctrl-c", marks=pytest.mark.repeats)])
def test_a_watch_shows_what_changes_until_q_or_ctrl_c(anna: House, end: str) -> None:
    """A process, since the terminal and its keys are what is proven."""
    with in_a_terminal(anna, "watch", "--every", "1s") as (running, keyboard, sent):
        eventually_here(lambda: "3 sellers: 3 polling" in sent())
        anna.command("pause", "bert", "--reason", "holiday")
        anna.store.save_overrides("bert", {"paused": "holiday"})
        eventually_here(lambda: "bert: paused: holiday" in sent())
        if end == "ctrl-c":
            running.send_signal(signal.SIGINT)
        else:
            os.write(keyboard, end.encode())  # several keys come at once
        eventually_here(lambda: sent() is not None and running.poll() is not None)
        anna.store.save_overrides("bert", {})

        assert running.returncode == 0
        assert sent().rstrip().endswith("\x1b[?1049l")  # the screen is as it was before
        assert "q ends it" in sent()


def test_a_status_loads_little_beside_the_libraries_that_it_needs() -> None:
    """A process of its own: in this one all is loaded. What it costs in time is measured by `make bench PART=commands`."""
    program = f"{LOADED} import json; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stdout)

    assert {"store.reading.status", "temporalio.client"} <= set(loaded)
    assert HEAVY & set(loaded) == set()
