"""The partitioned tables that only grow, and the function by which a worker, which needs no DDL, makes and drops their partitions.

Where partitions begin and end is decided by `domain/partitions.py`. A reader or writer names the table alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from domain.partitions import Range

KEYS = {"change_events": "position", "poll_runs": "started_at", "deliveries": "at"}  # by which each is cut
SIGNATURE = "sellerbeat.change_partition(text, text, text, text, text, timestamptz)"
GRANT = f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO my_worker"

# One act a transaction, and all or nothing of it. Runs with the rights of the schema's owner, and does nothing but this to these tables.
#
# The table's lock is asked for a moment only: whoever comes meanwhile waits behind us. Rows of the default partition that belong into the
# new one are not moved: it becomes the new one, and gets a successor, under a lock that lets nobody in between. Moved under a weaker one,
# rows could be missed by a reader who knows of the new partition too late, and sees the old one without them.
MAKE_FUNCTION_OF_PARTITIONS = text("""
    CREATE OR REPLACE FUNCTION sellerbeat.change_partition(
        act text, parent text, partition text, lower_bound text, upper_bound text, older_than timestamptz) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '200ms' SET timezone = 'UTC' AS $$
    DECLARE
        key text := CASE parent WHEN 'change_events' THEN 'position' WHEN 'poll_runs' THEN 'started_at' WHEN 'deliveries' THEN 'at' END;
        uniques text[] := CASE parent WHEN 'change_events' THEN ARRAY['UNIQUE (id)', 'UNIQUE (seller_id, sequence)']
            WHEN 'poll_runs' THEN ARRAY['PRIMARY KEY (seller_id, epoch)'] ELSE ARRAY['PRIMARY KEY (id)'] END;
        rest text := parent || '_default';
        half oid;
        filled boolean;
        newest timestamptz;
        each text;
    BEGIN
        IF key IS NULL OR act IS NULL OR act NOT IN ('make', 'drop') THEN
            RAISE EXCEPTION 'change_partition cannot % anything of %', act, parent USING ERRCODE = '22023';
        END IF;
        IF NOT pg_try_advisory_xact_lock(hashtextextended('sellerbeat.partitions', 0)) THEN
            RETURN 'busy';
        END IF;
        IF act = 'drop' THEN
            IF partition = rest OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = to_regclass(format('sellerbeat.%I', parent))
                    AND inhrelid = to_regclass(format('sellerbeat.%I', partition))) THEN
                RETURN 'there is none';
            END IF;
            EXECUTE format('LOCK TABLE ONLY sellerbeat.%I IN ACCESS EXCLUSIVE MODE', parent);
            IF parent = 'change_events' THEN  -- a commit that drew its positions here may have ended just now
                EXECUTE format('SELECT detected_at FROM sellerbeat.%I ORDER BY position DESC LIMIT 1', partition) INTO newest;
                IF newest >= older_than THEN
                    RETURN 'busy';
                END IF;
            END IF;
            EXECUTE format('DROP TABLE sellerbeat.%I', partition);
            RETURN 'done';
        END IF;

        partition := parent || '_' || CASE parent WHEN 'change_events' THEN CAST(lower_bound AS bigint)::text
            ELSE to_char(CAST(lower_bound AS timestamptz), 'YYYYMMDD') END;
        half := to_regclass(format('sellerbeat.%I', partition));
        IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = half AND inhparent = to_regclass(format('sellerbeat.%I', parent))) THEN
            RETURN 'there is one';
        END IF;
        IF EXISTS (SELECT FROM pg_class WHERE oid = half AND relkind = 'r') THEN  -- left half-made; if it holds rows it stays
            EXECUTE format('SELECT EXISTS (SELECT FROM sellerbeat.%I)', partition) INTO filled;
            IF NOT filled THEN
                EXECUTE format('DROP TABLE sellerbeat.%I', partition);
            END IF;
        END IF;
        WHILE to_regclass(format('sellerbeat.%I', partition)) IS NOT NULL LOOP
            partition := partition || '_';
        END LOOP;
        EXECUTE format('SELECT EXISTS (SELECT FROM sellerbeat.%I WHERE %I >= %L AND %I < %L)', rest, key, lower_bound, key, upper_bound)
            INTO filled;
        IF filled THEN
            EXECUTE format('LOCK TABLE ONLY sellerbeat.%I IN ACCESS EXCLUSIVE MODE', parent);
            EXECUTE format('ALTER TABLE sellerbeat.%I DETACH PARTITION sellerbeat.%I', parent, rest);
            EXECUTE format('ALTER TABLE sellerbeat.%I RENAME TO %I', rest, partition);
            EXECUTE format('CREATE TABLE sellerbeat.%I (LIKE sellerbeat.%I INCLUDING ALL)', rest, parent);
            FOREACH each IN ARRAY uniques LOOP
                EXECUTE format('ALTER TABLE sellerbeat.%I ADD %s', rest, each);
            END LOOP;
            EXECUTE format('WITH others AS (DELETE FROM sellerbeat.%I WHERE NOT (%I >= %L AND %I < %L) RETURNING *) '
                'INSERT INTO sellerbeat.%I SELECT * FROM others', partition, key, lower_bound, key, upper_bound, rest);
        ELSE
            EXECUTE format('CREATE TABLE sellerbeat.%I (LIKE sellerbeat.%I INCLUDING ALL)', partition, parent);
            FOREACH each IN ARRAY uniques LOOP
                EXECUTE format('ALTER TABLE sellerbeat.%I ADD %s', partition, each);
            END LOOP;
        END IF;
        EXECUTE format('ALTER TABLE sellerbeat.%I ATTACH PARTITION sellerbeat.%I FOR VALUES FROM (%L) TO (%L)', parent, partition,
            lower_bound, upper_bound);
        IF filled THEN
            EXECUTE format('ALTER TABLE sellerbeat.%I ATTACH PARTITION sellerbeat.%I DEFAULT', parent, rest);
        END IF;
        RETURN 'done';
    EXCEPTION
        WHEN lock_not_available OR deadlock_detected OR check_violation THEN  -- the last: a row came into the default partition meanwhile
            RETURN 'busy';
        WHEN invalid_object_definition THEN  -- it would overlap one that somebody made meanwhile
            RETURN 'there is one';
    END $$
""")
KEEP_FUNCTION_FROM_EVERYBODY = text(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
CHANGE_PARTITION = text("""
    SELECT sellerbeat.change_partition(:act, :parent, CAST(:partition AS text), CAST(:lower AS text), CAST(:upper AS text),
        CAST(:older_than AS timestamptz))
""")
MAY_CHANGE_PARTITIONS = text(f"SELECT coalesce(has_function_privilege(to_regprocedure('{SIGNATURE}'), 'EXECUTE'), false)")
PARTITIONS_OF_TABLE = text("""
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('sellerbeat.' || :parent) ORDER BY c.oid
""")
# A file without a page holds no row. One with pages may hold none either.
HAS_DEFAULT_PARTITION_PAGES = text("SELECT pg_relation_size(to_regclass('sellerbeat.' || :parent || '_default')) > 0")
# Of what no partition holds, so that Postgres looks at the default one alone.
LOWEST_KEY_OF_GAP = {
    parent: text(f"SELECT min({key}) FROM sellerbeat.{parent} WHERE {key} >= :lower AND {key} < :upper") for parent, key in KEYS.items()
}
MOST_POSITION, LATEST = 2**63 - 1, datetime(9000, 1, 1, tzinfo=UTC)
ENDS = {True: (-(2**63), MOST_POSITION), False: ("-infinity", "infinity")}  # of positions, and of times
_BOUND = re.compile(r"FROM \((?:MINVALUE|'?([^')]+)'?)\) TO \('?([^')]+)'?\)")


class Outcome(StrEnum):
    """What became of an act. Busy: the lock was not to be had at once, or somebody else is at it; it is tried again."""

    DONE = "done"
    BUSY = "busy"
    MADE_BEFORE = "there is one"
    GONE_BEFORE = "there is none"


class Partition(NamedTuple):
    """One of a table, but the default one. Its bounds are positions or times, by the table."""

    name: str
    range: Range[Any]


def make_function(connection: Connection) -> None:
    """Make or renew it. Grants stay."""
    connection.execute(MAKE_FUNCTION_OF_PARTITIONS)
    connection.execute(KEEP_FUNCTION_FROM_EVERYBODY)


def partitions(connection: Connection, parent: str) -> list[Partition]:
    """All but the default one, the oldest first."""
    found = []
    for name, bound in connection.execute(PARTITIONS_OF_TABLE, {"parent": parent}):
        if match := _BOUND.search(bound or ""):  # none: the default one
            lower, upper = (None if one in (None, "-infinity") else _key(parent, one) for one in match.groups())
            found.append(Partition(name, Range(lower, upper)))
    return sorted(found, key=lambda one: one.range.upper)


def _key(parent: str, bound: str) -> int | datetime:
    if bound in ("MAXVALUE", "infinity"):  # none of ours
        return MOST_POSITION if KEYS[parent] == "position" else LATEST
    return int(bound) if KEYS[parent] == "position" else datetime.fromisoformat(bound)


def strays(connection: Connection, parent: str, ranges: Sequence[Range[Any]]) -> list[Any]:
    """Of the rows that the default partition holds: the lowest key of each gap between the others that has any."""
    if not connection.execute(HAS_DEFAULT_PARTITION_PAGES, {"parent": parent}).scalar():
        return []
    least, most = ENDS[KEYS[parent] == "position"]
    uppers, lowers = (least, *(one.upper for one in ranges)), (*(one.lower or least for one in ranges), most)
    gaps = [{"lower": str(lower), "upper": str(upper)} for lower, upper in zip(uppers, lowers, strict=True) if lower != upper]
    found = [connection.execute(LOWEST_KEY_OF_GAP[parent], gap).scalar() for gap in gaps]
    return [key for key in found if key is not None]


def change(connection: Connection, act: str, parent: str, **values: Any) -> Outcome:
    """Call the function, as the last act of a transaction: it may leave the table locked until its end.

    `values`: partition, lower, upper, older_than: as the function has them.
    """
    given = dict.fromkeys(("partition", "lower", "upper", "older_than")) | values
    return Outcome(connection.execute(CHANGE_PARTITION, {"act": act, "parent": parent, **given}).scalar_one())
