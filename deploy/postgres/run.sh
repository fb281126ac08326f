#!/bin/sh
# Runs a file of this folder in our database: `run.sh roles.sql` as the superuser, `run.sh grants.sql` as the owner.
# Needs psql, PGHOST, PGUSER, PGDATABASE, PASSWORD (the name of the secret), for the roles OWNER (a role), and the secrets in SECRETS (a folder; /run/secrets in a container).
set -eu
folder=${SECRETS:-/run/secrets}
secret() { cat "$folder/$1"; }
PGPASSWORD=$(secret "$PASSWORD")
export PGPASSWORD
if [ "$1" = roles.sql ]; then # passwords of letters and digits need no quotes here
  PGOPTIONS="-c roles.owner_name=$OWNER -c roles.owner=$(secret owner_password) -c roles.worker=$(secret worker_password)"
  PGOPTIONS="$PGOPTIONS -c roles.reader=$(secret reader_password) -c roles.temporal=$(secret temporal_password)"
  export PGOPTIONS
fi
exec psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --file "$(dirname "$0")/$1"
