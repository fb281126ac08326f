"""Which worker processes are there, and what each finds of itself. Why: a frozen or dead worker is known by Postgres alone.

Safe while polling runs: a new table, which versions before do not know.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
compatible_since = "0022"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE workers (
            id text PRIMARY KEY,
            kind text NOT NULL,
            task_queue text NOT NULL,
            started_at timestamptz NOT NULL,
            last_seen_at timestamptz NOT NULL,
            ended_at timestamptz,
            findings jsonb NOT NULL
        )
    """)
