-- The roles of docker-compose.yml, made or renewed by the server's superuser; safe to repeat. Passwords come as settings of the session
-- (roles.owner, roles.worker, roles.reader, roles.temporal), so that none stands in a statement; roles.owner_name says who owns our schema.
DO $$
DECLARE
    owner text := current_setting('roles.owner_name');
    name text;
    password text;
BEGIN
    FOR name, password IN VALUES
        (current_setting('roles.owner_name'), current_setting('roles.owner')), -- owns our schema: starter.py migrate
        ('sellerbeat_worker', current_setting('roles.worker')), -- rows, and no DDL: worker.py, web.py, starter.py
        ('sellerbeat_reader', current_setting('roles.reader')), -- the views: whatever of yours reads orders and stock
        ('temporal', current_setting('roles.temporal')) -- owns Temporal's two databases
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I', name);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', name, password);
    END LOOP;
    ALTER ROLE temporal CREATEDB;
    IF owner = 'sellerbeat' THEN -- of before these roles: named like the schema, which "$user" of the default path would lead migrations to
        EXECUTE format('ALTER ROLE %I SET search_path = public', owner);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = owner AND rolsuper) THEN
        EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), owner);
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO sellerbeat_worker, sellerbeat_reader', current_database());
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS sellerbeat AUTHORIZATION %I', owner);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA sellerbeat
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO sellerbeat_worker', owner);
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA sellerbeat
        GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO sellerbeat_worker', owner);
END
$$;
