"""`starter.py status SELLER --day`: what happened in the last 24 hours, the newest hour first."""

from __future__ import annotations

import asyncio

from console.layout import INDENT, wrapped
from console.output import Output, bold, out, print_json, width
from domain.seller_day import HOURS, DayKind, counted
from operations.context import CommandContext
from operations.seller_day import as_fields, hours_in_words


def show_day(context: CommandContext, seller_id: str) -> None:
    """In words a line a bucket; with `--json` one object."""
    day = asyncio.run(context.ask(context.store.seller_day.read, seller_id))
    if Output.json:
        print_json(as_fields(seller_id, day))
        return
    totals = [counted(kind, count) for kind, count in day.totals.items() if count]
    lines = wrapped(f"{seller_id}, the last {HOURS} hours (UTC): {', '.join(totals) or 'nothing happened'}", width(), rest=INDENT)
    for hour, buckets in hours_in_words(day):
        lines += ["", bold(hour)]
        for kind, when, words in buckets:
            lines += wrapped(f"{'' if kind is DayKind.POLLS else f'{when}  '}{words}", width(), INDENT, INDENT * 2)
    out(lines)
