"""What a poll of several steps showed and cost so far. Why: an alert of its 1,000 changes, or of a slow answer in its first step; its pace.

Safe while polling runs: constant defaults rewrite no row, and an older worker leaves the columns alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("streams", sa.Column("run_changes", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("streams", sa.Column("run_calls", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("streams", sa.Column("run_slow", sa.Boolean, nullable=False, server_default="false"))
    op.add_column("streams", sa.Column("run_over", sa.Boolean, nullable=False, server_default="true"))
