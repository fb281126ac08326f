#!/bin/sh
# Makes the files of secrets that docker-compose.yml reads, in secrets/ beside it: random ones, and what .env says of those that it has.
# Safe to repeat: what is there stays. Run it in the folder of docker-compose.yml: sh deploy/secrets.sh
set -eu
umask 077
mkdir -p secrets
chmod 711 secrets

said() { # NAME: what .env says of it, without quotes
  [ -f .env ] || return 0
  sed -n "s/^$1=//p" .env | tail -n 1 | sed -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/"
}

keep() { # FILE TEXT
  [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"
  chmod 444 "secrets/$1" # a container reads it as a user that this machine does not know; the folder is closed to others
}

random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_'; }

former=$(said POSTGRES_PASSWORD) # an installation of before this file: one role that owns all, with this password
for role in postgres owner worker reader temporal; do
  case $role in worker | reader) password=$(random) ;; *) password=${former:-$(random)} ;; esac
  keep "${role}_password" "$password"
done
keep temporal.env "POSTGRES_PWD=$(cat secrets/temporal_password)"
if [ -n "$former" ] && [ -z "$(said POSTGRES_ROLE)" ]; then
  echo 'POSTGRES_ROLE=sellerbeat' >>.env
  echo "wrote POSTGRES_ROLE=sellerbeat into .env: the role that owns what is there; POSTGRES_PASSWORD may go"
fi
owner=$(said POSTGRES_ROLE)
keep owner_url "postgresql://${owner:-sellerbeat_owner}:$(cat secrets/owner_password)@postgres:5432/sellerbeat"
keep worker_url "postgresql://sellerbeat_worker:$(cat secrets/worker_password)@postgres:5432/sellerbeat"

given=$(said SELLERBEAT_SECRET_KEYS)
keep secret_keys "${given:-$(key)}"
given=$(said SELLERBEAT_ADMIN_TOKEN)
keep admin_token "${given:-$(random)}"
given=$(said SELLERBEAT_EBAY_CLIENT_SECRET)
if [ -n "$given" ] || [ -s secrets/ebay_client_secret ]; then
  keep ebay_client_secret "$given"
else
  echo "write the application's client secret (Cert ID) into secrets/ebay_client_secret, then run this again" >&2
  exit 1
fi
chmod 700 secrets
chmod -R a+rX deploy # a clone made under umask 077 would keep these files from the containers that they are mounted into
for name in SELLERBEAT_SECRET_KEYS SELLERBEAT_ADMIN_TOKEN SELLERBEAT_EBAY_CLIENT_SECRET; do
  [ -z "$(said $name)" ] || echo "secrets/ has $name now: take its line out of .env, where every container sees it"
done
echo "secrets/ is complete; keep secret_keys apart from the database's backups"
