"""How `starter.py status` looks in a terminal: once, or anew every second."""

from __future__ import annotations

import asyncio
import time
from contextlib import nullcontext, suppress
from typing import Any

from console.layout import wrapped
from console.output import Output, lines_of, out, print_json, width
from console.progress import bar
from domain.remedies import for_error, for_state
from operations.context import CommandContext
from operations.status import reason_in_words, seller_status, shown_pause, speed_up_in_words

COLUMNS = {"stream": "stream", "last_poll_at": "last poll", "next_poll_at": "next poll", "why": "why then"}
WHEN_NEEDED = {"failures": "failures", "last_error": "last error", "progress": "so far"}  # a column that says nothing is left out


def show_status(answer: dict[str, Any]) -> None:
    if Output.json:
        print_json(answer)
    else:
        out(standing(answer))


def follow_status(context: CommandContext, seller_id: str) -> None:
    """Until Ctrl-C; with `--json` a line whenever something is different."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_follow(context, seller_id))


async def _follow(context: CommandContext, seller_id: str) -> None:
    from rich.live import Live
    from rich.text import Text

    before: dict[str, Any] = {}
    with nullcontext() if Output.json else Live(auto_refresh=False) as screen:
        while True:
            began = time.monotonic()
            answer = await seller_status(context, seller_id)
            if screen:
                screen.update(Text.from_ansi("\n".join(standing(answer))), refresh=True)
            elif answer != before:
                print_json(answer)
            before = answer
            await asyncio.sleep(max(0.0, began + 1 - time.monotonic()))


def headline(answer: dict[str, Any]) -> str:
    """`polling`, `failing (orders: ...)`, `paused until 2026-12-01 08:00 UTC by ci: stock-take`."""
    pause, why = shown_pause(answer), reason_in_words(answer) or answer["reason"]
    if pause and why and not pause.is_bare:
        return why
    return f"{answer['state']} ({why})" if why else str(answer["state"])


def standing(answer: dict[str, Any]) -> list[str]:
    """The state and what to do, the day's numbers, and a row a stream."""
    seller_id, state, pause = answer["seller_id"], answer["state"], shown_pause(answer)
    lines = [f"{seller_id}: {headline(answer)}"]
    rows = [{"stream": name, **stream} for name, stream in answer["streams"].items()]
    errors = [row["last_error"] for row in rows if row["last_error"]]
    remedies = [
        for_state(state, seller_id, ends=bool(pause and pause.until), reason=answer["reason"]),
        *(for_error(error, seller_id) for error in errors),
    ]
    lines += [f"what to do: {remedy}" for remedy in dict.fromkeys(remedies) if remedy]
    lines += [words] if (words := speed_up_in_words(answer)) else []
    ends = f"; the consent ends on {answer['token_ends_at'][:10]}" if answer["token_ends_at"] else ""
    changes, calls = answer["changes_24h"], answer["api_calls_24h"]
    lines.append(f"{changes:,} change{'' if changes == 1 else 's'} and {calls:,} call{'' if calls == 1 else 's'} in 24 h{ends}")
    if answer["mode"] != "polling":
        from activities.fleet.comparing import summary

        compared = summary(answer["comparison"]) or "not yet compared"
        lines.append(f"in mode {answer['mode']} since {answer['mode_since'][:10]}; {compared}")
    for row in rows:
        row["failures"] = row["failures"] or None
        row["progress"] = None if row.get("progress") is None else bar(row["progress"])
    columns = COLUMNS | {name: heading for name, heading in WHEN_NEEDED.items() if any(row.get(name) for row in rows)}
    text = [line for words in lines for line in wrapped(words, width(), rest="  ")]
    return [*text, "", *lines_of(rows, columns, sentences=("why", "last_error", "progress"), numbers=("failures",))] if rows else text
