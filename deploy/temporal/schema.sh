#!/bin/sh
# Creates or updates Temporal's two databases. Safe to repeat: run at each start, it is also the upgrade to a newer server.
# Needs temporal-sql-tool and SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD, as temporal-sql-tool itself reads them.
set -eu
export SQL_PLUGIN=postgres12 # Temporal's name for PostgreSQL 12 and newer

set_up() { # DATABASE SCHEMA
  export SQL_DATABASE="$1"
  temporal-sql-tool create-database
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "postgresql/v12/$2"
}

set_up temporal temporal
set_up temporal_visibility visibility
