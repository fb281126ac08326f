"""What the Web UI shows of a seller at the top of the workflow: a short card in Markdown. Pure. It stands in no history."""

from __future__ import annotations

import re

from pacing import Stream
from workflows import remedies
from workflows.state import PollingState, StreamState

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#&~])")
WORDS = {"needs_reauthorization": "needs reauthorization", "waiting_for_quota": "waiting for quota"}


def card(state: PollingState) -> str:
    """State and what to do; per stream the next poll and why then; the last changes; the last error and what to do. Times are UTC."""
    word, reason = state.state()
    asleep = bool(state.paused or state.dead)
    lines = [f"### `{state.seller_id}`: {WORDS.get(word, word)}"]
    if word != "polling":
        lines += [plain(reason), *to_do(remedies.for_state(word, state.seller_id))]
    lines += table(state, asleep)
    if state.changed_at and state.changed_stream:
        lines.append(f"Last changes: {state.last_changes} in {state.changed_stream}, {state.changed_at:%d %b %Y at %H:%M:%S}")
    for stream, mine in state.streams.items():
        if mine.last_error and mine.failures:
            lines.append(f"**Last error** of {stream}, {times(mine.failures)}: {plain(mine.last_error)}")
            lines += to_do(remedies.for_error(mine.last_error, state.seller_id))
    return "\n\n".join(lines)


def table(state: PollingState, asleep: bool) -> list[str]:
    rows = [row(stream, mine, asleep) for stream, mine in state.streams.items()]
    return ["\n".join(["| stream | next poll (UTC) | why then |", "|---|---|---|", *rows])] if rows else []


def row(stream: Stream, mine: StreamState, asleep: bool) -> str:
    if mine.stopped:
        return f"| {stream} | stopped | {plain(mine.stopped)} |"
    if asleep:
        return f"| {stream} | not until somebody acts | - |"
    return f"| {stream} | {mine.when():%d %b %H:%M:%S} | {'asked for: at once' if mine.asked else plain(mine.why)} |"


def to_do(remedy: str | None) -> list[str]:
    return [f"**What to do**: {plain(remedy)}"] if remedy else []


def times(failures: int) -> str:
    return "once" if failures == 1 else f"{failures} times in a row"


def plain(text: str) -> str:
    """One line that is shown as it is: people write the reason of a pause."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
