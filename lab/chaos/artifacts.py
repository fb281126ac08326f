"""What a part leaves behind to look into, with `--keep`: a file a table, a row a line. Nobody in them is real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from store import StoreError

if TYPE_CHECKING:
    from lab.chaos.deployment import Deployment
    from lab.chaos.findings import Found

TABLES = {  # as they are stored, in this order
    "poll_runs": "finished_at",
    "streams": "seller_id, stream",
    "orders": "seller_id, entity_id",
    "fulfillments": "seller_id, entity_id",
    "inventory": "seller_id, entity_id",
    "sold_lines": "seller_id, order_id, line_item_id",
    "stock_due": "seller_id, entity_id",
    "rereads": "seller_id, order_id",
    "set_aside": "seller_id, kind, key",
    "cursors_back": "seller_id, stream",
}
COUNTS = "changes", "lost", "twice", "wrong", "back", "missed"
ERRORS = (StoreError, SQLAlchemyError, OSError, TimeoutError)


def save_artifacts(here: Deployment, folder: Path) -> None:
    """All that eBay showed, all that was told and is stored, the deaths, and the verdict with every finding.

    Where the part failed before its verdict, what is there by now is judged. A file that cannot be filled says why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "ledger.jsonl", here.world.rows)
    write(folder / "events.jsonl", here.house.events)
    write(folder / "trips.jsonl", lambda: [{**one._asdict(), "pid": pid, "at": at} for one, pid, at in here.crew.sprung()])
    for table, order in TABLES.items():
        statement = f"SELECT to_jsonb(t) FROM sellerbeat.{table} t ORDER BY {order}"
        write(folder / f"{table}.jsonl", lambda statement=statement: [row[0] for row in here.house.rows(statement)])  # type: ignore[misc]
    settled = here.judged is not None
    write(folder / "verdict.jsonl", lambda: verdict_lines(here.judged or here.verdict(), settled))


def verdict_lines(found: Found, settled: bool) -> list[dict[str, Any]]:
    """The counts first, then a line each finding. `settled`: the part came to its verdict."""
    counts = {name: getattr(found, name) for name in COUNTS}
    return [{"ok": found.ok, "settled": settled, **counts}, *({"finding": words} for words in found.findings)]


def write(file: Path, rows: Callable[[], Iterable[Any]]) -> None:
    try:
        lines = [json.dumps(row, default=str) for row in rows()]
    except ERRORS as error:  # a server that is dead for good must not cost the other files
        lines = [json.dumps({"unreadable": f"{type(error).__name__}: {error}"})]
    file.write_text("".join(f"{line}\n" for line in lines))
