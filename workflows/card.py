"""What the Web UI shows of a seller at the top of the workflow: a short card in Markdown. Pure. It stands in no history."""

from __future__ import annotations

import re
from datetime import datetime

from domain import remedies
from domain.pacing import Stream
from domain.seller_state import times
from workflows.state import PollingState
from workflows.stream_state import StreamState

SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#&~])")
WORDS = {"needs_reauthorization": "needs reauthorization", "waiting_for_quota": "waiting for quota", "ebay_down": "eBay is down"}


def card(state: PollingState, now: datetime | None = None) -> str:
    """State and what to do; for each stream the next poll and why then; the last changes; the last error and what to do. Times are UTC.

    `now`: what is over then is left out.
    """
    word, reason = state.state()
    pause = state.pause_facts()
    ends = pause is not None and pause.until is not None and not state.dead
    lines = [f"### {plain(state.seller_id)}: {WORDS.get(word, word)}"]
    if word != "polling":
        said = pause.words() if pause and word == "paused" else reason
        lines += [plain(said), *to_do(remedies.for_state(word, state.seller_id, ends=ends, reason=reason))]
    if now and (speed_up := state.speed_up_facts(now)):
        lines.append(plain(speed_up.words()))
    if pause or state.dead:
        lines.append("No stream is polled until then." if ends else "No stream is polled until somebody acts.")
    else:
        lines.append("\n".join(map(row, state.streams, state.streams.values())))
    if state.changed_at and state.changed_stream:
        lines.append(f"Last change: {state.last_changes} in {state.changed_stream}, {state.changed_at:%H:%M:%S on %d %b} UTC")
    for stream, mine in state.streams.items():
        if mine.last_error and mine.failures:
            lines.append(f"**Last error** of {stream}, {times(mine.failures)}: {plain(mine.last_error)}")
            lines += to_do(remedies.for_error(mine.last_error, state.seller_id))
    return "\n\n".join(lines)


def row(stream: Stream, mine: StreamState) -> str:
    """One item of a list: the Web UI shows tables without gaps between their columns."""
    if mine.stopped:
        again = f". Tried again at {mine.next_due:%H:%M:%S on %d %b}" if mine.rarely else ""
        return f"- **{stream}** is stopped: {plain(mine.stopped)}{again}"
    if mine.asked:
        return f"- **{stream}** at once: asked for"
    return f"- **{stream}** at {mine.when():%H:%M:%S on %d %b}: {plain(mine.why)}"


def to_do(remedy: str | None) -> list[str]:
    return [f"**What to do**: {plain(remedy)}"] if remedy else []


def plain(text: str) -> str:
    """One line that is shown as it is: people write the reason of a pause."""
    return SPECIAL.sub(r"\\\1", " ".join(text.split()))
