#!/bin/sh
# Creates or updates Temporal's two databases. Safe to repeat: run at each start, it is also the upgrade to a newer server.
# Needs temporal-sql-tool and SQL_HOST, SQL_PORT, SQL_USER, as temporal-sql-tool itself reads them, and SQL_PASSWORD or a file of it.
set -eu
[ -z "${SQL_PASSWORD_FILE:-}" ] || SQL_PASSWORD=$(cat "$SQL_PASSWORD_FILE")
export SQL_PASSWORD
export SQL_PLUGIN=postgres12 # Temporal's name for PostgreSQL 12 and newer

set_up() { # DATABASE SCHEMA
  export SQL_DATABASE="$1"
  temporal-sql-tool create-database
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "postgresql/v12/$2"
}

set_up temporal temporal
set_up temporal_visibility visibility
