"""The application key that each token last worked with, when it was refused and tried, and which keys are in doubt.

Why: `invalid_grant` also means "given to other keys", and what an operator mistyped must cost no consent.
Safe while polling runs: columns without a default, and a new table; an unknown key is learnt at the next good refresh.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for name in ("client", "tried_client", "tried_version"):
        op.add_column("tokens", sa.Column(name, sa.Text))
    for name in ("refreshed_at", "refused_at", "tried_at", "revived_at"):
        op.add_column("tokens", sa.Column(name, TIMESTAMP(timezone=True)))
    op.create_table(
        "application_keys",
        sa.Column("client", sa.Text, primary_key=True),
        sa.Column("doubted_at", TIMESTAMP(timezone=True)),
        sa.Column("tried_at", TIMESTAMP(timezone=True)),
        sa.Column("worked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("worked_at", TIMESTAMP(timezone=True)),
    )
