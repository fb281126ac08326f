"""What an operator sees at three in the morning: trouble first, how many more, what to do where there is nothing; and pictures of it."""

from __future__ import annotations

import importlib.util
import json
from types import ModuleType
from typing import Any

import pytest
from rich.cells import cell_len

from console import fleet
from console.fleet import gravest_first, show_list, summary
from console.output import Output
from console.standing import headline
from console.watching import FleetView, drawn
from domain.alert_groups import TITLES, AlertGroup
from domain.seller_state import GRAVITY
from tests.support.house import ROOT

CAPTURES = ROOT / "docs" / "captures"
COMMANDS = ("list", "status", "alerts", "deliveries", "reconcile", "quota")
WIDTHS = (60, 80, 120)


@pytest.fixture(autouse=True)
def for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the last command in this process was asked for."""
    monkeypatch.setattr(Output, "json", False)


@pytest.fixture(scope="module")
def terminal() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_terminal", ROOT / "docs" / "terminal.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_the_captures_are_what_the_commands_print(terminal: ModuleType, command: str, width: int) -> None:
    written = (CAPTURES / f"{command}-{width}.txt").read_text(encoding="utf-8")

    assert written == terminal.capture(command, width), "run `make docs`"
    assert all(cell_len(line) <= width or " " not in line.strip() for line in written.splitlines())


def test_there_is_a_capture_of_each_command_at_each_width_and_no_other() -> None:
    assert {path.name for path in CAPTURES.iterdir()} == {f"{command}-{width}.txt" for command in COMMANDS for width in WIDTHS}


def rows_of(terminal: ModuleType, **states: int) -> list[dict[str, Any]]:
    return [terminal.seller(f"{state}-{number}", state, "a reason", 1) for state, many in states.items() for number in range(many)]


def test_the_gravest_state_comes_first_and_one_that_is_unknown_before_all(terminal: ModuleType) -> None:
    rows = rows_of(terminal, **dict.fromkeys(("removed", "polling", "melted", *GRAVITY), 1))

    assert [row["state"] for row in gravest_first(rows)][:2] == ["melted", GRAVITY[0]]
    assert list(dict.fromkeys(row["state"] for row in gravest_first(rows))) == ["melted", *GRAVITY]


def test_a_summary_counts_the_states_in_words(terminal: ModuleType) -> None:
    assert summary(rows_of(terminal, polling=2990, paused=8, needs_reauthorization=2)) == (
        "3,000 sellers: 2,990 polling, 8 paused, 2 need a new consent"
    )
    assert summary(rows_of(terminal, needs_reauthorization=1)) == "1 seller: 1 needs a new consent"


def test_a_terminal_shows_what_fits_and_says_how_many_more_there_are(
    terminal: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    rows = rows_of(terminal, polling=290, paused=8, needs_reauthorization=2)

    show_list(rows, None, None, on_screen=True)
    on_screen = capsys.readouterr().out.splitlines()
    show_list(rows, None, None, on_screen=False)
    piped = capsys.readouterr().out
    show_list(rows, None, 3, on_screen=False)
    limited = capsys.readouterr().out

    assert len(on_screen) <= 30  # five sellers at least
    assert on_screen[0] == "300 sellers: 290 polling, 8 paused, 2 need a new consent"
    assert on_screen[-1] == "… and 295 more: --limit 300 shows all, --state those of one state"
    assert all(f"needs_reauthorization-{number}" in "\n".join(on_screen) for number in range(2))
    assert piped.count("\n") > 300
    assert "… and 297 more" in limited


def test_a_program_gets_the_gravest_sellers_first_too(
    terminal: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Output, "json", True)

    show_list(rows_of(terminal, paused=1, polling=2, needs_reauthorization=1), None, 2, on_screen=False)

    states = [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()]
    assert states == ["needs_reauthorization", "paused"]


@pytest.mark.parametrize("state", GRAVITY)
def test_a_status_has_its_reason_in_every_state(terminal: ModuleType, state: str) -> None:
    assert headline(terminal.seller("anna", state, "no worker answers: is worker.py running?", 1)).endswith("is worker.py running?)") or (
        state == "paused"
    )
    assert "no worker answers" in headline(terminal.seller("anna", state, "no worker answers", 1))


def view(terminal: ModuleType, sellers: list[dict[str, Any]], alerts: int = 0) -> FleetView:
    kinds = ("failing", "set_aside", "planner_late", "token_ends", "no_polls") if alerts else ()
    groups = [AlertGroup(kind, TITLES.get(kind, kind), alerts, ("s-1",), terminal.NOW, "x " * 90, "r.md", alerts, "") for kind in kinds]
    event = {"position": 1, "detected_at": terminal.ago(seconds=1), "seller_id": "anna", "type": "order.updated", "entity_id": "o-1"}
    news = [{**event, "data": {}, "changed": ["\u4e66" * 80]}] * 40
    quotas = [{"resource": name, "used": 1234, "limit": 100_000} for name in ("feed", "inventory", "orders", "trading")]
    return FleetView(terminal.NOW, sellers, alerts=groups, quotas=quotas, news=news)


@pytest.mark.parametrize(("width", "height"), [(60, 14), (60, 16), (60, 17), (60, 20), (80, 23), (120, 40)])
@pytest.mark.parametrize(("failing", "alerts"), [(0, 0), (3, 1), (3000, 3000)])
def test_a_watch_fits_its_screen_with_trouble_above_what_is_new(
    terminal: ModuleType, width: int, height: int, failing: int, alerts: int
) -> None:
    lines = drawn(view(terminal, rows_of(terminal, failing=failing, polling=5), alerts), width, height, "; q ends it, anew every 2 s")

    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    assert lines[0].startswith("Sellerbeat, 2026-11-30 03:04:05 UTC")
    assert "q ends it" in lines[0]
    assert lines[1].startswith(f"{failing + 5:,} sellers: ")
    text = "\n".join(lines)
    assert ("failing-0: failing: a reason" in text) is bool(failing)
    assert ("no trouble" in text) is not failing
    assert ("polls fail: 3,000 sellers since 03:04 UTC" in text) is (alerts == 3000)  # one cause is one line
    assert text.index("no open alerts" if not alerts else "polls fail: ") < text.index("quota: ") < text.index("newest changes")
    assert lines[-1].startswith("03:04:04  anna")  # a change at least


@pytest.mark.parametrize("height", range(1, 14))
def test_a_watch_never_scrolls_however_small_its_screen(terminal: ModuleType, height: int) -> None:
    lines = drawn(view(terminal, rows_of(terminal, failing=30, paused=5, polling=5, removed=1), 9), 60, height)

    assert 0 < len(lines) <= height
    assert len(drawn(FleetView(terminal.NOW, [], [], [], []), 30, height)) <= height


def test_a_watch_of_nobody_says_what_to_do_first(terminal: ModuleType) -> None:
    assert fleet.EMPTY in " ".join(drawn(FleetView(terminal.NOW, [], [], [], []), 200, 24))


def test_a_list_says_the_causes_of_alerts_in_few_lines(terminal: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    show_list(rows_of(terminal, polling=2), None, 1, on_screen=False, groups=view(terminal, [], 3000).alerts)

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "alert: polls fail: 3,000 sellers since 2026-11-30 03:04 UTC"
    assert [line.startswith("alert: ") for line in lines[1:5]] == [True, True, True, False]
    assert lines[3] == "alert: and 3 more: starter.py alerts"
