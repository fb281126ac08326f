"""Changes, polls and deliveries in partitions. Why: what is old is dropped whole then, instead of row by row, which leaves as much behind.

The tables as they stand become the first partition of new ones. `change_events` is cut by position, the others by time. A unique index of
a partitioned table must hold what it is cut by, so ids and sequences are unique within a partition; over all of them the lock of the
seller's row sees to it, under which they are drawn (`starter.py doctor` looks). A default partition takes what no other does.

Not while polling runs: versions before delete old rows by `ctid`, which is unique within a partition only, and would delete young rows of
other partitions with them; and they add to a poll's row by a unique index that there cannot be any more. Each table is read once, and no
row is written anew.
"""

from alembic import op

revision = "0022"
down_revision = "0021"
compatible_since = "0022"  # see above

STATEMENTS = (
    """
    ALTER TABLE change_events RENAME TO change_events_first;
    ALTER INDEX change_events_pkey RENAME TO change_events_first_pkey;
    ALTER INDEX change_events_id RENAME TO change_events_first_id;
    ALTER INDEX change_events_sequence RENAME TO change_events_first_sequence;
    ALTER INDEX change_events_by_seller RENAME TO change_events_first_by_seller;
    ALTER INDEX IF EXISTS change_events_by_entity RENAME TO change_events_first_by_entity;
    CREATE TABLE change_events (
        LIKE change_events_first INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION, PRIMARY KEY (position)
    ) PARTITION BY RANGE (position);
    CREATE INDEX change_events_by_seller ON change_events (seller_id, position);
    """,
    """
    ALTER TABLE poll_runs RENAME TO poll_runs_first;
    ALTER INDEX poll_runs_pkey RENAME TO poll_runs_first_pkey;
    ALTER INDEX poll_runs_by_seller RENAME TO poll_runs_first_by_seller;
    ALTER INDEX poll_runs_by_time RENAME TO poll_runs_first_by_time;
    CREATE TABLE poll_runs (LIKE poll_runs_first INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION)
        PARTITION BY RANGE (started_at);
    CREATE INDEX poll_runs_by_seller ON poll_runs (seller_id, started_at);
    """,
    # A sequence, as partitions may have no identity before Postgres 17.
    """
    ALTER TABLE deliveries ALTER COLUMN id DROP IDENTITY;
    ALTER TABLE deliveries RENAME TO deliveries_first;
    ALTER INDEX deliveries_pkey RENAME TO deliveries_first_pkey;
    ALTER INDEX deliveries_by_endpoint RENAME TO deliveries_first_by_endpoint;
    ALTER INDEX deliveries_by_seller RENAME TO deliveries_first_by_seller;
    ALTER INDEX deliveries_by_time RENAME TO deliveries_first_by_time;
    CREATE TABLE deliveries (LIKE deliveries_first INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING COMPRESSION) PARTITION BY RANGE (at);
    CREATE SEQUENCE deliveries_id_seq OWNED BY deliveries.id;
    SELECT setval('deliveries_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM deliveries_first), false);
    ALTER TABLE deliveries ALTER COLUMN id SET DEFAULT nextval('deliveries_id_seq');
    CREATE INDEX deliveries_by_endpoint ON deliveries (endpoint_id, id);
    CREATE INDEX deliveries_by_seller ON deliveries (seller_id, id);
    """,
    # The first partitions reach 10,000 positions and more, or a week and more, ahead of what is there: time enough for the worker.
    """
    DO $$
    DECLARE
        newest bigint := (SELECT greatest(CASE WHEN is_called THEN last_value ELSE 0 END, (SELECT max(position) FROM change_events_first))
            FROM positions);
        cut record;
        latest timestamptz;
    BEGIN
        EXECUTE format('ALTER TABLE change_events ATTACH PARTITION change_events_first FOR VALUES FROM (MINVALUE) TO (%s)',
            (newest / 10000 + 2) * 10000);
        FOR cut IN SELECT * FROM (VALUES ('poll_runs', 'started_at'), ('deliveries', 'at')) AS given (name, key) LOOP
            EXECUTE format('SELECT greatest(now(), max(%I)) FROM %I', cut.key, cut.name || '_first') INTO latest;
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', cut.name, cut.name || '_first',
                date_trunc('day', latest, 'UTC') + interval '8 days');
        END LOOP;
    END $$
    """,
    """
    CREATE TABLE change_events_default PARTITION OF change_events DEFAULT;
    CREATE UNIQUE INDEX ON change_events_default (id);
    CREATE UNIQUE INDEX ON change_events_default (seller_id, sequence);
    CREATE TABLE poll_runs_default PARTITION OF poll_runs DEFAULT;
    ALTER TABLE poll_runs_default ADD PRIMARY KEY (seller_id, epoch);
    CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;
    ALTER TABLE deliveries_default ADD PRIMARY KEY (id);
    """,
    # Who had rights on a table has them on the new one.
    """
    DO $$
    DECLARE
        given record;
    BEGIN
        FOR given IN
            SELECT new, a.privilege_type AS privilege,
                CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS who
            FROM (VALUES ('change_events'), ('poll_runs'), ('deliveries')) AS t (new)
            JOIN pg_class c ON c.oid = (t.new || '_first')::regclass CROSS JOIN LATERAL aclexplode(c.relacl) AS a
            WHERE a.grantee <> c.relowner
        LOOP
            EXECUTE format('GRANT %s ON %I TO %s', given.privilege, given.new, given.who);
            IF given.new = 'deliveries' AND given.privilege = 'INSERT' THEN
                EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE deliveries_id_seq TO %s', given.who);
            END IF;
        END LOOP;
    END $$
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
