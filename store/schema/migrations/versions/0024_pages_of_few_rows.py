"""Streams that are polled seldom stand on pages of few rows, and a seller's row loses what nobody reads.

Why: Postgres logs a page whole when it changes for the first time after a checkpoint. Of orders nearly every row changes between two of
them; of the others a tenth to a quarter, and the image held the rest for nothing. The scopes of the consent stand with its token.

Safe while polling runs: the columns are the same, and no version read these scopes. Rows, one a seller and stream, are moved within a
moment. All locks come before all work, and are given back where somebody reads the leaves for long: workers wait for 4 s at most.
"""

from alembic import op

from store.schema.waiting import lock_in_turn

revision = "0024"
down_revision = "0023"
compatible_since = "0022"

SELDOM = ("streams_fulfillment", "streams_inventory", "streams_listings")


def upgrade() -> None:
    # Whoever holds a seller's row is waited for first, so that nobody we wait for then waits for us.
    lock_in_turn(op.get_bind(), "sellers", SELDOM)
    op.execute("UPDATE sellers SET scopes = '{}' WHERE scopes <> '{}'")
    for table in SELDOM:
        op.execute(f"ALTER TABLE {table} SET (fillfactor = 10)")
        op.execute(f"CLUSTER {table} USING {table}_pkey")
        op.execute(f"ALTER TABLE {table} SET WITHOUT CLUSTER")
