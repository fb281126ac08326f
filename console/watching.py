"""`starter.py watch`: the fleet on one screen, anew every few seconds; without a terminal once."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.cells import cell_len, set_cell_size

from console.cells import now
from console.events import what
from console.fleet import EMPTY, gravest_first, summary, why
from console.layout import printable, wrapped
from console.output import Output, bold, out, print_json, width
from console.reports import in_lines
from domain.alert_groups import AlertGroup
from domain.health import Finding
from operations.alerts import group_fields, grouped
from operations.context import CommandContext
from operations.diagnosis import as_json, diagnose_by_postgres
from operations.quota import use
from operations.status import sellers_list
from store.events.newest import before_last

NEWS, SHOWN_NEWS = 40, 20  # changes that are read, and those of them that are shown where no screen limits them
CALM = ("polling", "removed")
ROOMY = 17  # lines of a screen on which parts stand apart


@dataclass(frozen=True, slots=True)
class FleetView:
    """All that the screen shows, at one moment. Rows are as `list`, `quota` and `changes` print them with --json."""

    at: datetime  # UTC, by our clock
    sellers: Sequence[dict[str, Any]]
    alerts: Sequence[AlertGroup]  # the open ones by cause
    quotas: Sequence[dict[str, Any]]
    news: Sequence[dict[str, Any]]  # oldest first
    wrong: Sequence[Finding] = ()

    def fields(self) -> dict[str, Any]:
        """As --json prints it."""
        states = dict(sorted(Counter(row["state"] for row in self.sellers).items()))
        shown = [{"seller_id": row["seller_id"], "state": row["state"], "reason": row["reason"]} for row in self.ailing()]
        return {
            "at": self.at,
            "states": states,
            "findings": [as_json(one) for one in self.wrong],
            "trouble": shown,
            "alerts": [group_fields(one) for one in self.alerts],
            "quota": self.quotas,
            "changes": self.news,
        }

    def ailing(self) -> list[dict[str, Any]]:
        """Sellers who are not polled as they should be, the gravest first."""
        return [row for row in gravest_first(self.sellers) if row["state"] not in CALM]


def watch_fleet(context: CommandContext, every: timedelta) -> None:
    """Until q or Ctrl-C; where input or output is no terminal, once."""
    if Output.json:
        print_json(look(context).fields())
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        out([*drawn(look(context), width(), None), "", "shown once, as this is no terminal"])
        return
    with suppress(KeyboardInterrupt):
        _follow(context, every.total_seconds())


def look(context: CommandContext) -> FleetView:
    """Some statements of Postgres."""
    store = context.store
    news = store.feed.chosen(before_last(store.engine, NEWS, 0, None, ()), NEWS, None, []).events
    sellers, wrong = asyncio.run(sellers_list(context, None)), asyncio.run(diagnose_by_postgres(context))
    return FleetView(now(), sellers, grouped(context, wrong), use(context), news, wrong)


def drawn(fleet: FleetView, width: int | None, height: int | None, note: str = "") -> list[str]:
    """The screen, of `height` lines at most, each of `width` cells at most; None: as long and as wide as it is.

    Args:
        note: how it ends, behind the time.
    """
    lines = [bold(_line(f"Sellerbeat, {fleet.at:%Y-%m-%d %H:%M:%S} UTC{note}", width))]
    lines += in_lines(fleet.wrong, width)[:4]
    if not fleet.sellers:
        return [*lines, "", *wrapped(EMPTY, width)][:height]
    lines += wrapped(summary(fleet.sellers), width)[:2]
    quota = "quota: " + "; ".join(f"{row['resource']} {row['used']:,} of {_limit(row)}" for row in fleet.quotas)
    quotas = wrapped(quota, width, rest="  ")[:2] if fleet.quotas else []
    gap = [""] if height is None or height >= ROOMY else []
    left = None if height is None else height - len(lines) - len(quotas) - 4 * (1 + len(gap))  # headings, and the lines between
    some, alerts = (None, None) if left is None else (max(2, left // 3), max(2, left // 4))
    ailing = [f"{row['seller_id']}: {row['state']}: {why(row)}" for row in fleet.ailing()]
    lines += [*gap, *_part("trouble", "no trouble: every seller is polled", ailing, some, width, "starter.py list")]
    lines += [
        *gap,
        *_part(
            "open alerts",
            "no open alerts",
            [f"{one.line(fleet.at)}: {one.remedy}" for one in fleet.alerts],
            alerts,
            width,
            "starter.py alerts",
        ),
    ]
    lines += [*gap, *quotas] if quotas else []
    room = SHOWN_NEWS if height is None else max(1, height - len(lines) - len(gap) - 1)
    newest = [_line(_news(event), width) for event in fleet.news[-room:]]
    return [*lines, *gap, bold("newest changes (UTC)") if newest else "no changes yet", *newest][:height]


def _part(heading: str, none: str, rows: Sequence[str], most: int | None, width: int | None, more: str) -> Iterator[str]:
    if not rows:
        yield _line(none, width)
        return
    yield bold(heading)
    shown = rows if most is None or len(rows) <= most else rows[: most - 1]
    yield from (_line(one, width) for one in shown)
    if left := len(rows) - len(shown):
        yield _line(f"… and {left:,} more: {more}", width)


def _news(event: dict[str, Any]) -> str:
    """`12:03:10  anna  order.updated  03-14798-73169  orderPaymentStatus`."""
    return f"{event['detected_at'][11:19]}  {event['seller_id'] or '-':<12} {event['type']:<20} {event['entity_id']}  {what(event)}"


def _limit(row: dict[str, Any]) -> str:
    return "no known limit" if row["limit"] is None else f"{row['limit']:,}"


def _line(text: str, width: int | None) -> str:
    """In one line: the end that does not fit is `…`."""
    text = printable(text)
    return text if width is None or cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _follow(context: CommandContext, every_s: float) -> None:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from store import StoreError

    note = f"; q ends it, anew every {every_s:g} s"
    with _keys(), Live(console=Console(), screen=True, auto_refresh=False) as screen:
        while True:
            began = time.monotonic()
            size = shutil.get_terminal_size()
            try:
                lines = drawn(look(context), size.columns, size.lines - 1, note)
            except StoreError as error:  # it may come again, and whoever watches then wants to see it
                lines = wrapped(f"{now():%Y-%m-%d %H:%M:%S} UTC{note}: {error}", size.columns)[: size.lines - 1]
            screen.update(Text.from_ansi("\n".join(lines), no_wrap=True), refresh=True)
            if _asked_to_end(began + every_s):
                return


def _asked_to_end(until: float) -> bool:
    """Whether q came before that moment of `time.monotonic`."""
    while (left := until - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left)[0]:
            keys = os.read(sys.stdin.fileno(), 1024)  # all that are there: `sys.stdin` would keep what it is not asked for
            if not keys or b"q" in keys.lower():
                return True
    return False


@contextmanager
def _keys() -> Iterator[None]:
    """Keys come one by one, without Enter; as it was afterwards."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
