#!/bin/sh
# Creates the namespace if it is not there. Needs the `temporal` command and TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE.
# RETENTION: how long ended workflows stay to be looked at. Sellers' workflows run on; what ends is their past runs, some 10 a seller and day.
set -eu
attempts=0
until temporal operator cluster health; do
  attempts=$((attempts + 1))
  [ "$attempts" -lt 60 ] || exit 1
  sleep 1
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 \
  || temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "${RETENTION:-72h}"
