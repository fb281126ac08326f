"""Which versions may work with the tables. Why: after `migrate` no worker of the version before could start again, so no way led back.

Each migration from here on says in `compatible_since` the oldest revision whose processes may go on with the tables that it leaves.
Safe while polling runs: a new table.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
compatible_since = "0020"  # versions before know no schema


def upgrade() -> None:
    op.execute("""
        CREATE TABLE revisions (
            revision text PRIMARY KEY,
            compatible_since text NOT NULL,
            applied_at timestamptz NOT NULL
        )
    """)
