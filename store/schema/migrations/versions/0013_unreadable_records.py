"""Records that eBay fails for each time: how often they failed, and when what is set aside is tried again.

Safe while polling runs: constant defaults and null rewrite no row (`now()` is evaluated once), and workers of before name none of these.
What they set aside is due at once. The index is of a small table.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("rereads", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("rereads", sa.Column("failed_at", TIMESTAMP(timezone=True)))
    op.add_column("set_aside", sa.Column("what", sa.Text))
    op.add_column("set_aside", sa.Column("retry_at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.text("now()")))
    op.add_column("set_aside", sa.Column("tried_at", TIMESTAMP(timezone=True)))
    op.add_column("set_aside", sa.Column("asked", sa.Boolean, nullable=False, server_default="false"))
    op.create_index("set_aside_retries", "set_aside", ["seller_id", "retry_at"])
    op.add_column("sellers", sa.Column("retries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("sellers", sa.Column("retries_from", TIMESTAMP(timezone=True)))
