"""eBay's public keys. Why: after a restart the first notifications should need no call, and no budget that forged ones can spend.

Safe while polling runs: the table is new, and versions before do not know it.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
compatible_since = "0022"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE ebay_public_keys (
            kid text PRIMARY KEY,
            key text NOT NULL,
            fetched_at timestamptz NOT NULL
        )
    """)
