"""`starter.py watch`: the fleet on one screen, anew every few seconds; without a terminal once."""

from __future__ import annotations

import asyncio
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

from console.cells import cell, now
from console.events import what
from console.fleet import EMPTY, gravest_first, summary, why
from console.layout import printable, wrapped
from console.output import Output, bold, out, print_json, width
from operations.alerts import listed
from operations.context import CommandContext
from operations.quota import use
from operations.status import sellers_list
from store.events.newest import before_last

TALL = 24  # lines where nobody says how many there are
NEWS = 40  # changes that are read; the screen shows what fits
CALM = ("polling", "removed")


@dataclass(frozen=True, slots=True)
class FleetView:
    """All that the screen shows, at one moment. Rows are as `list`, `alerts`, `quota` and `changes` print them with --json."""

    at: datetime  # UTC, by our clock
    sellers: Sequence[dict[str, Any]]
    alerts: Sequence[dict[str, Any]]
    quotas: Sequence[dict[str, Any]]
    news: Sequence[dict[str, Any]]  # oldest first

    def fields(self) -> dict[str, Any]:
        """As --json prints it."""
        states = dict(sorted(Counter(row["state"] for row in self.sellers).items()))
        ailing = [row for row in gravest_first(self.sellers) if row["state"] not in CALM]
        shown = [{"seller_id": row["seller_id"], "state": row["state"], "reason": row["reason"]} for row in ailing]
        return {"at": self.at, "states": states, "trouble": shown, "alerts": self.alerts, "quota": self.quotas, "changes": self.news}


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
    return FleetView(now(), asyncio.run(sellers_list(context, None)), listed(context), use(context), news)


def drawn(fleet: FleetView, width: int | None, height: int | None, note: str = "") -> list[str]:
    """The screen, of `height` lines at most, each of `width` cells at most; None: as long and as wide as it is.

    Args:
        note: how it ends, behind the time.
    """
    lines = [bold(_line(f"Sellerbeat, {fleet.at:%Y-%m-%d %H:%M:%S} UTC{note}", width))]
    if not fleet.sellers:
        return [*lines, "", *wrapped(EMPTY, width)]
    lines += wrapped(summary(fleet.sellers), width)[:2]
    quota = "quota: " + "; ".join(f"{row['resource']} {row['used']:,} of {_limit(row)}" for row in fleet.quotas)
    quotas = wrapped(quota, width, rest="  ")[:2] if fleet.quotas else []
    ailing = [row for row in gravest_first(fleet.sellers) if row["state"] not in CALM]
    left = None if height is None else height - len(lines) - len(quotas) - 8  # headings, and the lines between
    some, alerts = (None, None) if left is None else (max(1, left // 3), max(1, left // 4))
    lines += [
        "",
        *_part("trouble", "no trouble: every seller is polled", [_ailing(row) for row in ailing], some, width, "starter.py list"),
    ]
    lines += ["", *_part("open alerts", "no open alerts", _alerts(fleet.alerts), alerts, width, "starter.py alerts")]
    lines += ["", *quotas] if quotas else []
    room = None if height is None else max(1, height - len(lines) - 2)
    newest = [_news(event) for event in fleet.news][-(room or 20) :]
    return [*lines, "", bold("newest changes (UTC)") if newest else "no changes yet", *(_line(one, width) for one in newest)]


def _part(heading: str, none: str, rows: Sequence[str], most: int | None, width: int | None, more: str) -> Iterator[str]:
    if not rows:
        yield _line(none, width)
        return
    yield bold(heading)
    shown = rows if most is None or len(rows) <= most else rows[: max(1, most - 1)]
    yield from (_line(one, width) for one in shown)
    if left := len(rows) - len(shown):
        yield _line(f"… and {left:,} more: {more}", width)


def _ailing(row: dict[str, Any]) -> str:
    return f"{row['seller_id']}: {row['state']}: {why(row)}"


def _alerts(alerts: Sequence[dict[str, Any]]) -> list[str]:
    """By kind, those of the most sellers first: one cause is one line."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for alert in alerts:
        kinds.setdefault(alert["kind"], []).append(alert)
    most = sorted(kinds.items(), key=lambda one: -len(one[1]))
    return [f"{kind}{_whose(rows)}, since {_first(rows)}: {rows[0]['text']}" for kind, rows in most]


def _first(rows: Sequence[dict[str, Any]]) -> str:
    return cell("opened_at", min(row["opened_at"] for row in rows))


def _news(event: dict[str, Any]) -> str:
    """`12:03:10  anna  order.updated  03-14798-73169  orderPaymentStatus`."""
    return f"{event['detected_at'][11:19]}  {event['seller_id'] or '-':<12} {event['type']:<20} {event['entity_id']}  {what(event)}"


def _whose(rows: Sequence[dict[str, Any]]) -> str:
    if len(rows) > 1:
        return f" ({len(rows):,} times)"
    return f" of {rows[0]['seller_id']}" if rows[0]["seller_id"] else ""


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

    note = f", anew every {every_s:g} s; q ends it"
    with _keys(), Live(console=Console(), screen=True, auto_refresh=False) as screen:
        while True:
            began = time.monotonic()
            size = shutil.get_terminal_size()
            try:
                lines = drawn(look(context), size.columns, size.lines - 1, note)
            except StoreError as error:  # it may come again, and whoever watches then wants to see it
                lines = wrapped(f"{now():%Y-%m-%d %H:%M:%S} UTC{note}: {error}", size.columns)
            screen.update(Text.from_ansi("\n".join(lines), no_wrap=True), refresh=True)
            if _asked_to_end(began + every_s):
                return


def _asked_to_end(until: float) -> bool:
    """Whether q came before that moment of `time.monotonic`."""
    while (left := until - time.monotonic()) > 0:
        if select.select([sys.stdin], [], [], left)[0] and sys.stdin.read(1) in ("q", "Q", ""):
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
