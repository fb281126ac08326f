"""When an alert's cause was seen last: an alert closes once it is well for a while, not at the first good poll.

Safe while polling runs: the column is null for who does not know it, and such an alert closes as it did.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("alerts", sa.Column("seen_at", TIMESTAMP(timezone=True)))
