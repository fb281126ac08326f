"""What a position kept by a DB-API driver asks of the app's database, with values marked by `?`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

AT_ONCE = 200  # rows of one statement: SQLite takes 999 values
CREATE_TABLES = (
    "CREATE TABLE IF NOT EXISTS sellerbeat_position (name VARCHAR(100) PRIMARY KEY, position BIGINT NOT NULL,"
    " generation VARCHAR(40) NOT NULL)",
    "CREATE TABLE IF NOT EXISTS sellerbeat_handled (name VARCHAR(100) NOT NULL, id VARCHAR(120) NOT NULL, handled_at BIGINT NOT NULL,"
    " PRIMARY KEY (name, id))",
    "CREATE TABLE IF NOT EXISTS sellerbeat_failed (name VARCHAR(100) NOT NULL, id VARCHAR(120) NOT NULL, type VARCHAR(100) NOT NULL,"
    " position BIGINT, times INTEGER NOT NULL, error TEXT NOT NULL, event TEXT NOT NULL, set_aside INTEGER NOT NULL,"
    " PRIMARY KEY (name, id))",
)
READ_POSITION = "SELECT position, generation FROM sellerbeat_position WHERE name = ?"
BEGIN_POSITION = "INSERT INTO sellerbeat_position (name, position, generation) VALUES (?, ?, ?)"
LOCK_POSITION = "UPDATE sellerbeat_position SET position = position WHERE name = ?"
MOVE_POSITION = "UPDATE sellerbeat_position SET position = ?, generation = ? WHERE name = ? AND position = ? AND generation = ?"
KNOWN_IDS = "SELECT id FROM sellerbeat_handled WHERE name = ? AND id IN ({})"
REMEMBER_IDS = "INSERT INTO sellerbeat_handled (name, id, handled_at) VALUES {}"
FORGET_ALL_IDS = "DELETE FROM sellerbeat_handled WHERE name = ?"
FORGET_OLD_IDS = "DELETE FROM sellerbeat_handled WHERE name = ? AND handled_at < ?"
FAILED_EVENTS = "SELECT id, type, position, times, error, event, set_aside FROM sellerbeat_failed WHERE name = ? ORDER BY position, id"
NOTE_FAILED = "INSERT INTO sellerbeat_failed (name, id, type, position, times, error, event, set_aside) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
BEFORE_HANDLERS = "SAVEPOINT sellerbeat"  # gone where a handler commits, rolls back, or makes the database do so
BEHIND_HANDLERS = "RELEASE SAVEPOINT sellerbeat"
NOTE_HANDLED = "DELETE FROM sellerbeat_failed WHERE name = ? AND id IN ({})"


def marks(count: int) -> str:
    """So many values, to be given."""
    return ", ".join(["?"] * count)


def parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as one statement takes, one part after another."""
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
