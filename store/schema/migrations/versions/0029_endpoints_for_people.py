"""Endpoints for people: chat and mail. Why: an alert should reach somebody who has no program that takes webhooks.

Safe while polling runs: a constant default rewrites no row, and the table is new. Versions before find no change that such an endpoint
wants (its `types` are empty), and so send it nothing.
"""

from alembic import op

revision = "0029"
down_revision = "0028"
compatible_since = "0022"


def upgrade() -> None:
    op.execute("ALTER TABLE endpoints ADD COLUMN kind text NOT NULL DEFAULT 'webhook'")
    op.execute("""
        CREATE TABLE alert_turns (
            endpoint_id text PRIMARY KEY,
            position bigint NOT NULL,
            claim text NOT NULL DEFAULT '',
            tries integer NOT NULL DEFAULT 0,
            not_before timestamptz,
            retry_at timestamptz,
            findings jsonb NOT NULL DEFAULT '{}'
        )
    """)
