"""What a shell offers behind a Tab: sellers' ids, from Postgres. Silent where that takes long or fails: the shell shows what we say."""

from __future__ import annotations

import threading
from contextlib import redirect_stderr, suppress
from io import StringIO

PATIENCE_S = 2.0  # for Postgres
MOST = 200


def seller_ids(incomplete: str) -> list[str]:
    """Those that begin so, removed ones too, by id; none where Postgres does not answer at once."""
    from operations.context import AskingContext
    from store.reading.beginning import sellers_beginning

    found: list[str] = []

    def look() -> None:
        with suppress(Exception):
            found.extend(sellers_beginning(AskingContext("database_url").store.engine, incomplete, MOST))

    with redirect_stderr(StringIO()):
        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        looking.join(PATIENCE_S)
    return list(found)
