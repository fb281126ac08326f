"""The picture as a screen of the terminal, whatever its size. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from demo_stack.demo.picture import Frame, News, Picture, Row, ago, clock, due_in
from demo_stack.demo.stock_table import stock_table, table_without_lines

COLOURS = {"polling": "green", "backfill": "cyan", "paused": "yellow", "waiting_for_quota": "yellow"}  # all else is red
WORDS = {"needs_reauthorization": "no token", "waiting_for_quota": "no quota", "ebay_down": "eBay is down"}
FEWEST_NEWS = 3
FEWEST_HINTS = 2  # a heading and a command
TALL = 30


def draw(picture: Picture, frame: Frame, width: int, height: int) -> RenderableType:
    """Exactly `height` lines at most: first the sellers, then their stock, then what to try; the newest changes get what is left."""
    head, hints = _head(picture, frame, width, height), _hints(frame, width)
    free = height - len(head) - (1 + FEWEST_NEWS)
    stock_lines = 1 + len(picture.stocks) if picture.stocks else 0
    if 1 + len(picture.rows) + stock_lines > free:
        stock_lines = 0
    most = free - 1 - (stock_lines or 1 + min(len(hints), FEWEST_HINTS))  # the 1: a line about those that are hidden
    rows = picture.rows[: max(most, 3)]
    hidden = len({row.seller for row in picture.rows} - {row.seller for row in rows})
    parts: list[RenderableType] = [*head, _sellers(rows, picture.at, width)]
    if hidden:
        parts.append(Text(f"and {hidden:,} more sellers: starter list", style="dim"))
    if not picture.rows:
        parts.append(Text("no sellers yet", style="dim"))
    left = free - (1 + len(rows)) - bool(hidden) - (not picture.rows) - stock_lines
    hints = hints[:left] if left >= FEWEST_HINTS else []
    left -= len(hints)
    gaps = (1 + bool(stock_lines)) if left > 1 + bool(stock_lines) else 0
    gap = [Text("")] if gaps else []
    if stock_lines:
        parts += [*gap, stock_table(picture.stocks, picture.at, width)]
    parts += [*gap, *_news(picture.news, FEWEST_NEWS + left - gaps, width), *hints]
    return Group(*parts)


def draw_help(frame: Frame, width: int, height: int) -> RenderableType:
    """What there is to try, whatever else the screen has no room for: a command is whole, so that it can be copied."""
    lines = [*_links(frame, width), Text("")]
    hints = _hints(frame, width)
    apart = [Text(f"  {shows}", style="dim", no_wrap=True, overflow="ellipsis") for _, shows in frame.hints]
    pairs = [Text(command, style="cyan", overflow="fold") for command, _ in frame.hints]
    tall = sum(1 + (len(command) - 1) // width for command, _ in frame.hints) + len(apart) + len(lines) + 3
    if max(map(len, hints)) <= width or tall > height:
        lines += hints
    else:
        lines += [hints[0], *(line for pair in zip(pairs, apart, strict=True) for line in pair)]
    return Group(*lines[: height - 2], Text(""), Text("?: back · Ctrl-C ends it", style="dim"))


def _head(picture: Picture, frame: Frame, width: int, height: int) -> list[Text]:
    ends = f"ends in {clock(frame.ends_at - picture.at)}, or at Ctrl-C" if frame.ends_at else "Ctrl-C ends it"
    if frame.hints and frame.keys:
        ends += " · ?: what to try"
    title = Text(no_wrap=True, overflow="ellipsis")
    title.append("Sellerbeat", style="bold")
    title.append(f" {frame.title} · {ends}")
    counts = Text(no_wrap=True, overflow="ellipsis")
    counts.append(f"{picture.changes:,} changes", style="bold green")
    counts.append(f" and {picture.calls:,} calls in this run")
    if picture.delivered:
        counts.append(f" · {picture.delivered}")
    if picture.restarts:
        counts.append(f" · worker started again {picture.restarts}x", style="yellow")
    if picture.problem:
        counts.append(f" · {picture.problem}", style="red")
    return [title, counts, *_links(frame, width), *([Text("")] if height >= TALL else [])]


def _links(frame: Frame, width: int) -> list[Text]:
    """In one line where they fit."""
    links = [Text.assemble((f"{what} ", "dim"), (where, "cyan"), no_wrap=True, overflow="ellipsis") for what, where in frame.links]
    if sum(len(link) + 3 for link in links) <= width + 3:
        links = [Text("   ").join(links)]
        links[0].no_wrap, links[0].overflow = True, "ellipsis"
    return links


def _sellers(rows: Sequence[Row], now: datetime, width: int) -> Table:
    table = table_without_lines()
    longest = max([6, *(len(row.seller) for row in rows)])
    table.add_column("seller", width=min(longest, width // 5), no_wrap=True, overflow="ellipsis")
    table.add_column("stream", width=11, no_wrap=True)
    table.add_column("state", width=8, no_wrap=True)
    table.add_column("last", width=5, justify="right", no_wrap=True)
    table.add_column("next", width=5, justify="right", no_wrap=True)
    table.add_column("why then", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("changes", width=7, justify="right", no_wrap=True)
    table.add_column("calls", width=5, justify="right", no_wrap=True)
    above = None
    for row in rows:
        table.add_row(
            Text(row.seller if row.seller != above else "", style="bold"),
            row.stream,
            Text(WORDS.get(row.state, row.state), style=COLOURS.get(row.state, "red")),
            ago(now - row.last_poll if row.last_poll else None),
            due_in(row.next_poll, now),
            Text(_interval_first(row.why), style="dim" if row.state == "polling" else ""),
            f"{row.changes:,}",
            f"{row.calls:,}",
        )
        above = row.seller
    return table


def _interval_first(why: str) -> str:
    """ "quiet for 2 h: every 5 s" as "every 5 s: quiet for 2 h": a narrow column cuts the end."""
    reason, colon, interval = why.rpartition(": ")
    return f"{interval}: {reason}" if colon and interval.startswith("every ") else why


def _news(news: Sequence[News], lines: int, width: int) -> list[RenderableType]:
    """Newest below, as in a log, with a heading; `lines` of them, blank where there is none yet."""
    listed = list(reversed(news[: max(lines, 0)]))
    table = table_without_lines()
    table.add_column("time", width=8, no_wrap=True)
    table.add_column("seller", width=max([6, *(min(len(one.seller), width // 5) for one in listed)]), no_wrap=True, overflow="ellipsis")
    table.add_column("newest changes", width=max(17, *(len(one.type) for one in listed), 0), no_wrap=True, overflow="ellipsis")
    table.add_column("entity", ratio=2, no_wrap=True, overflow="ellipsis")
    table.add_column("changed fields", ratio=3, no_wrap=True, overflow="ellipsis")
    for one in listed:
        at = f"{one.at.astimezone():%H:%M:%S}"
        table.add_row(at, one.seller, Text(one.type, style=_colour(one.type)), Text(one.entity), Text(", ".join(one.changed), style="dim"))
    return [table, *(Text("") for _ in range(lines - len(listed)))]


def _colour(type_: str) -> str:
    kind, _, what = type_.partition(".")
    if kind in ("alert", "seller") or what in ("removed", "cancelled", "out_of_stock"):
        return "red" if kind in ("alert", "seller") else "yellow"
    return "green" if what == "created" else ""


def _hints(frame: Frame, width: int) -> list[Text]:
    """What to try in a second terminal; commands whole, so that they can be copied."""
    if not frame.hints:
        return []
    longest = max(len(command) for command, _ in frame.hints)
    if longest + 2 + max(len(shows) for _, shows in frame.hints) > width:
        longest = 0  # no column of its own
    lines = [Text("try in a browser, or in a second terminal in this folder", style="dim", no_wrap=True, overflow="ellipsis")]
    for command, shows in frame.hints:
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{command:<{longest}}", style="cyan")
        line.append(f"  {shows}", style="dim")
        lines.append(line)
    return lines
