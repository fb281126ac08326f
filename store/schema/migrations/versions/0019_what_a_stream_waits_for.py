"""What a stream waits for (quota, keys, an outage, ...), so that nobody reads the words of its reason.

Safe while polling runs: a column without a default rewrites no row, and no version before needs it.
"""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("ALTER TABLE streams ADD COLUMN waits_for text")
