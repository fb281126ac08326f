"""Tokens of the API with scopes, who did what, and answers that are given once more, and sessions that were logged out.

Safe while polling runs: new tables, which versions before do not know.
"""

from alembic import op

revision = "0025"
down_revision = "0024"
compatible_since = "0022"

STATEMENTS = """
CREATE TABLE api_tokens (
    id text PRIMARY KEY,
    name text NOT NULL,
    scope text NOT NULL,
    ebay boolean NOT NULL,
    sellers text[],
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX api_tokens_by_hash ON api_tokens (hash);
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    author text NOT NULL,
    action text NOT NULL,
    seller_id text,
    subject text,
    before jsonb,
    after jsonb,
    outcome text
);
CREATE INDEX audit_by_seller ON audit (seller_id, id);
CREATE INDEX audit_by_at ON audit (at);
CREATE INDEX audit_by_author ON audit (author, id);
CREATE INDEX audit_by_action ON audit (action text_pattern_ops, id);
CREATE TABLE idempotency_keys (
    token_id text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    status integer,
    answer text,
    PRIMARY KEY (token_id, key)
);
CREATE INDEX idempotency_keys_by_begun_at ON idempotency_keys (begun_at);
CREATE TABLE ended_sessions (
    id text PRIMARY KEY,
    ends_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    for statement in STATEMENTS.strip().split(";\n"):
        op.execute(statement.rstrip(";"))
