"""How whoever calls an action of the world dates it, and alters the document that it writes."""

from collections.abc import Callable, Mapping
from datetime import datetime

from simulator.ledger import Document, dumps

When = datetime | int | None  # a UTC datetime, milliseconds, or None: now
Raw = str | Callable[[str], str]  # a document's JSON text itself, or what to make of the text: for what json.dumps would never write
Change = Mapping[str, object] | Callable[[Document], object]  # top-level fields to set, or a function that changes the document in place


def apply(change: Change | None, document: Document) -> None:
    """Change the document in place."""
    if callable(change):
        change(document)
    elif change:
        document.update(change)


def written(document: Document, raw: Raw | None) -> str:
    """The document's JSON text, or what `raw` makes of it."""
    if isinstance(raw, str):
        return raw
    return dumps(document) if raw is None else raw(dumps(document))
