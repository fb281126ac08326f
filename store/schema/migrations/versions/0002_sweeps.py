"""What a sweep found that polling had missed.

Safe while polling runs: constant defaults rewrite no row, and only sweeps use the new rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("poll_runs", sa.Column("missed", sa.Integer, nullable=False, server_default="0"))
    op.add_column("poll_runs", sa.Column("undated", sa.Integer, nullable=False, server_default="0"))
    op.execute("INSERT INTO streams (seller_id, stream) SELECT seller_id, 'sweep' FROM sellers ON CONFLICT DO NOTHING")
