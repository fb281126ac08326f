"""`starter.py find`: whose an order number, an item id or a SKU is."""

from __future__ import annotations

import typer

from console.layout import wrapped
from console.output import Output, out, show, width
from operations.context import CommandContext
from operations.errors import WrongInputError
from operations.finding import MOST, NOTHING, checked_text, find

COLUMNS = {
    "entity_id": "entity",
    "kind": "kind",
    "seller_id": "seller",
    "found_by": "found by",
    "value": "value",
    "changed_at": "changed",
    "state": "state",
}


def show_found(context: CommandContext, given: str) -> None:
    """Raises typer.BadParameter: no id looks so."""
    try:
        checked_text(given)
    except WrongInputError as error:
        raise typer.BadParameter(f"TEXT: {error.words}") from None
    result = find(context, given)
    if Output.json:
        show(result.rows, {}, "")
        return
    rows = [
        {**row, "state": "removed" if row["removed"] else None, "value": row["value"] if row["value"] != row["entity_id"] else None}
        for row in result.rows
    ]
    columns = {field: heading for field, heading in COLUMNS.items() if field not in ("value", "state") or any(row[field] for row in rows)}
    show(rows, columns, NOTHING)
    if result.more:
        out(["", *wrapped(f"… and more than these {MOST}: write more of the id", width())])
