"""The first tables. Nothing polls before them, so there is nothing to be safe for.

`sellers` and `streams` are updated at every poll: room is left in their pages, and no updated column has an index, so that an
update stays within its page (HOT) and costs no index write.
"""

from alembic import op

revision = "0001"
down_revision = None

ENTITY = """
    seller_id text NOT NULL,
    entity_id text NOT NULL,
    version bigint NOT NULL,
    data jsonb NOT NULL,
    digest bytea NOT NULL,
    as_of timestamptz NOT NULL,
    read_from text NOT NULL,
    removed_at timestamptz,
"""

STATEMENTS = f"""
CREATE SEQUENCE positions CACHE 1;

CREATE TABLE sellers (
    seller_id text PRIMARY KEY,
    enrollment uuid NOT NULL,
    enrolled_at timestamptz NOT NULL,
    removed_at timestamptz,
    epoch bigint NOT NULL DEFAULT 0,
    sequence bigint NOT NULL DEFAULT 0,
    detected_at timestamptz,
    options jsonb NOT NULL DEFAULT '{{}}',
    wishes jsonb NOT NULL DEFAULT '{{}}',
    scopes text[] NOT NULL DEFAULT '{{}}'
) WITH (fillfactor = 50);

CREATE TABLE tokens (
    seller_id text PRIMARY KEY,
    refresh_token bytea,
    access_token bytea,
    expires_at timestamptz,
    generation integer NOT NULL DEFAULT 1,
    scopes text[] NOT NULL DEFAULT '{{}}',
    dead_at timestamptz,
    dead_reason text,
    refresh_expires_at timestamptz
) WITH (fillfactor = 50);

CREATE TABLE streams (
    seller_id text NOT NULL,
    stream text NOT NULL,
    cursor timestamptz,
    watermark timestamptz,
    reading jsonb,
    last_change_at timestamptz,
    last_poll_at timestamptz,
    last_good_at timestamptz,
    next_poll_at timestamptz,
    why text,
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    last_changes integer NOT NULL DEFAULT 0,
    scanned_at timestamptz,
    sales_30d integer NOT NULL DEFAULT 0,
    sales_at timestamptz,
    PRIMARY KEY (seller_id, stream)
) WITH (fillfactor = 50);

CREATE TABLE orders ({ENTITY}
    modified_at timestamptz,
    created_at timestamptz,
    is_open boolean NOT NULL,
    parcels_due boolean NOT NULL,
    PRIMARY KEY (seller_id, entity_id)
);
CREATE INDEX orders_by_creation ON orders (seller_id, created_at);
CREATE INDEX orders_open ON orders (seller_id, entity_id) WHERE is_open;
CREATE INDEX orders_parcels_due ON orders (seller_id, modified_at) WHERE parcels_due;

CREATE TABLE fulfillments ({ENTITY}
    order_id text NOT NULL,
    PRIMARY KEY (seller_id, entity_id)
);
CREATE INDEX fulfillments_by_order ON fulfillments (seller_id, order_id);

CREATE TABLE inventory ({ENTITY}
    PRIMARY KEY (seller_id, entity_id)
);

CREATE TABLE change_events (
    position bigint PRIMARY KEY,
    id text NOT NULL,
    seller_id text,
    sequence bigint,
    type text NOT NULL,
    entity_id text NOT NULL,
    version bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    source text NOT NULL,
    changed jsonb NOT NULL,
    previous jsonb NOT NULL,
    data jsonb NOT NULL
);
CREATE UNIQUE INDEX change_events_id ON change_events (id);
CREATE UNIQUE INDEX change_events_sequence ON change_events (seller_id, sequence);
CREATE INDEX change_events_by_seller ON change_events (seller_id, position);

CREATE TABLE poll_runs (
    seller_id text NOT NULL,
    epoch bigint NOT NULL,
    stream text NOT NULL,
    source text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    api_calls integer NOT NULL DEFAULT 0,
    changes integer NOT NULL DEFAULT 0,
    duplicates integer NOT NULL DEFAULT 0,
    stale integer NOT NULL DEFAULT 0,
    error text,
    PRIMARY KEY (seller_id, epoch)
) WITH (fillfactor = 90);
CREATE INDEX poll_runs_by_seller ON poll_runs (seller_id, started_at);
CREATE INDEX poll_runs_by_time ON poll_runs USING brin (started_at);

CREATE TABLE scan_pages (
    seller_id text NOT NULL,
    stream text NOT NULL,
    scan bigint NOT NULL,
    page integer NOT NULL,
    ids text[] NOT NULL,
    read_at timestamptz NOT NULL,
    PRIMARY KEY (seller_id, stream, scan, page)
);

CREATE TABLE set_aside (
    id bigserial PRIMARY KEY,
    seller_id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    entity_id text,
    raw text NOT NULL,
    reason text NOT NULL,
    read_at timestamptz NOT NULL,
    at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX set_aside_key ON set_aside (seller_id, kind, key);

CREATE TABLE alerts (
    id bigserial PRIMARY KEY,
    seller_id text,
    kind text NOT NULL,
    version bigint NOT NULL,
    text text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX alerts_open ON alerts (seller_id, kind) NULLS NOT DISTINCT WHERE closed_at IS NULL;
CREATE INDEX alerts_by_kind ON alerts (seller_id, kind, version DESC);

CREATE TABLE quotas (
    resource text PRIMARY KEY,
    "limit" bigint,
    remaining bigint,
    reset_at timestamptz,
    read_at timestamptz NOT NULL
);

CREATE TABLE claims (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
