"""What a database says of itself: its server, its timeline, and the numbers of the database and of the table of sellers in it.

Why: a restored one, and a replica that took over, says something else than what was written down in it, so that it is known before an
event is written. It tells what the owner may see, whoever asks: two roles must not be told two names. Where a managed Postgres does not
tell a part, it is left out; where one cannot be told just now, the answer is null, and nobody is alarmed.

Safe while polling runs: a new function, which versions before do not call.
"""

from alembic import op

revision = "0023"
down_revision = "0022"
compatible_since = "0022"


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION name_of_database(sellers regclass) RETURNS text
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            server text := '';
            timeline text := '';
        BEGIN
            BEGIN
                server := (SELECT system_identifier FROM pg_control_system());
            EXCEPTION
                WHEN insufficient_privilege OR undefined_function OR feature_not_supported THEN server := '';
            END;
            BEGIN
                timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
            EXCEPTION
                WHEN insufficient_privilege OR undefined_function OR feature_not_supported OR object_not_in_prerequisite_state
                    THEN timeline := '';
            END;
            RETURN concat_ws('.', server, timeline, (SELECT oid FROM pg_database WHERE datname = current_database()), sellers::oid);
        EXCEPTION
            WHEN OTHERS THEN RETURN NULL;
        END $$
    """)
