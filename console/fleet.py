"""`starter.py list`: how the fleet is, trouble first."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from console.layout import wrapped
from console.output import Output, lines_of, out, print_json, width
from console.reports import in_brief, in_lines
from domain.alert_groups import AlertGroup
from domain.health import Finding
from domain.seller_state import GRAVITY
from operations.status import reason_in_words, speed_up_in_words

RANK = {state: rank for rank, state in enumerate(GRAVITY)}
WORDS = {
    "needs_reauthorization": ("needs a new consent", "need a new consent"),
    "waiting_for_quota": ("waiting for quota",) * 2,
    "ebay_down": ("waiting for eBay, which is down",) * 2,
}
SCREEN, FEWEST = 50, 5  # sellers that a terminal shows where no limit is given: so many at most, and these however small it is
ALERTS = 3  # lines of causes above the sellers
EMPTY = "no sellers yet; begin with: starter.py connect SELLER (prints the address where the seller gives their consent)"
COLUMNS = {
    "seller_id": "seller",
    "state": "state",
    "last_poll_at": "last poll",
    "next_poll_at": "next poll",
    "changes_24h": "changes 24 h",
    "mode": "mode",
    "why": "why",
}


def why(row: Mapping[str, Any]) -> str:
    """The reason of a seller's state, and what an operator set."""
    return "; ".join(filter(None, (reason_in_words(row) or row["reason"], speed_up_in_words(row))))  # type: ignore[arg-type]


def gravest_first(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The gravest state first, a state that this version does not know before all, then by id."""
    return sorted(rows, key=lambda row: (RANK.get(row["state"], -1), row["seller_id"]))


def summary(rows: Iterable[Mapping[str, Any]]) -> str:
    """`3,000 sellers: 2,990 polling, 8 paused, 2 need a new consent`."""
    counts = Counter(row["state"] for row in rows)
    total = counts.total()
    parts = [
        f"{count:,} {in_words(state, count)}" for state, count in sorted(counts.items(), key=lambda one: (-one[1], RANK.get(one[0], -1)))
    ]
    return f"{total:,} seller{'' if total == 1 else 's'}: {', '.join(parts)}"


def in_words(state: str, count: int) -> str:
    one, many = WORDS.get(state, (state.replace("_", " "),) * 2)
    return one if count == 1 else many


def show_list(
    rows: list[dict[str, Any]],
    state: str | None,
    limit: int | None,
    on_screen: bool,
    wrong: Sequence[Finding] = (),
    groups: Sequence[AlertGroup] = (),
) -> None:
    """`rows`: as `sellers_list` gives them. `on_screen`: a person's terminal, which the first ones must not leave."""
    rows = gravest_first(rows)
    if Output.json:
        for row in rows[:limit]:
            print_json(row)
        return
    if not rows:
        out([*in_lines(wrong, width()), *wrapped(EMPTY if state is None else f"no sellers in state {state}", width())])
        return
    alerts = in_brief(groups, datetime.now(UTC), ALERTS)
    head = [
        *in_lines(wrong, width()),
        *wrapped(summary(rows), width()),
        *(line for one in alerts for line in wrapped(f"alert: {one}", width(), rest="  ")),
        "",
    ]
    out([*head, *(listed(rows, limit) if limit or not on_screen else fitting(rows, shutil.get_terminal_size().lines - len(head)))])


def fitting(rows: Sequence[dict[str, Any]], height: int) -> list[str]:
    """As `listed`, so many of them that a line of the screen is left: what is above its first one nobody sees."""
    many = min(len(rows), SCREEN)
    while len(lines := listed(rows, many)) >= height and many > FEWEST:
        many -= 1
    return lines


def listed(rows: Sequence[dict[str, Any]], limit: int | None) -> list[str]:
    """The first of them, and how many more there are."""
    shown = [{**row, "why": why(row)} for row in rows[:limit]]
    columns = {
        field: heading for field, heading in COLUMNS.items() if field not in ("mode", "why") or any(_says(field, row) for row in shown)
    }
    lines = lines_of(shown, columns, sentences=("why",), numbers=("changes_24h",))
    more = len(rows) - len(shown)
    rest = f"… and {more:,} more: --limit {len(rows)} shows all, --state those of one state"
    return lines + (["", *wrapped(rest, width())] if more else [])


def _says(field: str, row: Mapping[str, Any]) -> bool:
    return bool(row[field]) and row[field] != "polling"
