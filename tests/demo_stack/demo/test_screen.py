import io
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.live import Live

from demo_stack.demo import view
from demo_stack.demo.keys import PressedKeys
from demo_stack.demo.picture import Frame, Picture
from demo_stack.demo.screen import draw, draw_help
from tests.demo_stack.demo.pictures import COMMAND, FRAME, NOW, picture, row

STOCK = ["seller", "SKUs", "listings", "pieces", "expected", "sold out", "ago", "last stock change"]


def screen(given: Picture, width: int = 80, height: int = 24, frame: Frame = FRAME, drawn: RenderableType | None = None) -> list[str]:
    return text_of(drawn or draw(given, frame, width, height), width, height).rstrip("\n").split("\n")


def text_of(drawn: RenderableType, width: int = 80, height: int = 24) -> str:
    console = Console(width=width, height=height, color_system=None, force_terminal=True)
    with console.capture() as captured:
        console.print(drawn)
    return captured.get()


def test_a_small_terminal_shows_all_sellers_commands_and_the_newest_changes() -> None:
    lines = screen(picture(sellers=3))

    assert len(lines) == 24
    assert "ends in 0:42" in lines[0]
    assert "1,234 changes and 567 calls" in lines[1]
    assert sum("0.4 s  1.6 s  every 2 s" in line for line in lines) == 9
    assert sum(COMMAND in line for line in lines) == 1
    assert sum("   150        40   1,204     1,204        17  4.0 s  12 -> 11  SKU-00012" in line for line in lines) == 3
    assert "03-14798-00000" in "\n".join(lines)


def test_a_tall_terminal_gives_its_room_to_the_newest_changes() -> None:
    lines = screen(picture(sellers=3, news=60), 120, 40)

    assert len(lines) == 40
    assert sum("12 -> 11  SKU-00012" in line and "1m10s  110011" in line for line in lines) == 3
    assert sum("order.updated" in line for line in lines) >= 16
    assert all("…" not in line for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_headings_stand_two_spaces_apart(width: int, height: int) -> None:
    lines = screen(picture(sellers=3), width, height)
    headings = [re.split(r" {2,}", line.strip()) for line in lines if line.startswith(("seller  ", "time  ")) and ":" not in line]

    assert headings == [
        ["seller", "stream", "state", "last", "next", "why then", "changes", "calls"],
        STOCK if width == 80 else [*STOCK[:6], "parcels", "to ship", *STOCK[6:], "ago", "last sold out"],
        ["time", "seller", "newest changes", "entity", "changed fields"],
    ]


def test_what_to_try_is_a_key_away_and_says_so_at_every_size() -> None:
    hints = tuple((f".sellerbeat/starter command-{number} anna --reason lunch", f"what it shows {number}") for number in range(8))
    small = replace(FRAME, hints=hints)

    lines = screen(picture(sellers=4), frame=small)
    help_lines = screen(picture(), frame=small, drawn=draw_help(small, 80, 24))

    assert lines[0].rstrip().endswith("?: what to try")
    assert "command-7" not in "".join(lines)
    assert len(help_lines) <= 24
    assert all(any(command in line for line in help_lines) and any(shows in line for line in help_lines) for command, shows in hints)
    assert help_lines[-1].startswith("?: back")


def test_where_nobody_can_press_a_key_none_is_named() -> None:
    assert "?" not in screen(picture(), frame=replace(FRAME, keys=False))[0]


def test_the_key_shows_what_to_try_and_then_the_sellers_again() -> None:
    shown: list[str] = []
    console = Console(width=80, height=24, color_system=None, file=io.StringIO())
    live = SimpleNamespace(update=lambda drawn, refresh: shown.append(text_of(drawn)))
    pressed = ["?", "", "x", "?", "?"]
    keys = SimpleNamespace(there=True, pressed=lambda wait_s: pressed.pop(0))
    screen_view = view.ScreenView(console, FRAME, cast(Live, live), cast(PressedKeys, keys))

    screen_view.show(picture())
    for _ in range(5):
        screen_view.wait(0.1)

    assert ["?: back" in text for text in shown] == [False, True, False, True, False]


@given(st.integers(40, 200), st.integers(20, 80), st.integers(0, 40), st.integers(0, 60))
def test_it_fits_whatever_the_size_of_the_terminal(width: int, height: int, sellers: int, news: int) -> None:
    for drawn in (None, draw_help(FRAME, width, height)):
        lines = screen(picture(sellers, news), width, height, drawn=drawn)

        assert len(lines) <= height
        assert max(map(len, lines)) <= width


def test_more_sellers_than_lines_are_counted() -> None:
    lines = screen(picture(sellers=40))

    assert any("more sellers: starter list" in line for line in lines)
    assert len(lines) == 24


def test_a_narrow_column_keeps_the_interval_and_cuts_the_reason() -> None:
    lines = screen(replace(picture(0), rows=(row(why="busy (more than 100 sales in 30 days): every 2 s"),)))

    assert any("every 2 s: busy" in line for line in lines)


def test_what_looks_like_markup_is_printed_as_it_is() -> None:
    given = picture(0, 1)
    given = replace(given, news=(replace(given.news[0], entity="[red]SKU[/red]"),), at=NOW)

    assert any("[red]SKU[/red]" in line for line in screen(given, 120))


def test_without_a_terminal_there_is_a_line_at_once_and_one_every_five_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(view, "time", SimpleNamespace(monotonic=lambda: now[0]))
    lines = view.LineView(FRAME)

    for now[0] in (100.5, 101.0, 105.4, 105.5, 110.4, 117.0):
        lines.show(picture())

    assert [said.split(" s ")[0].strip() for said in capsys.readouterr().out.splitlines()] == ["0", "6", "17"]
