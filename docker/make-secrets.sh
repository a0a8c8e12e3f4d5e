#!/bin/sh
# Makes the secrets of compose.yaml, each once: what exists is kept, since the database was set up with it.
set -eu
cd "$(dirname "$0")"

# Containers read the files as another user, so it is the folder that keeps others on this machine out.
mkdir -p -m 700 secrets
umask 022

random() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

once() {
    [ -e "secrets/$1" ] || printf %s "$2" > "secrets/$1"
}

for name in cluster_secret csrf_secret role_secret postgres_password; do
    once "$name" "$(random)"
done
once database_administrator_url "postgres://postgres:$(cat secrets/postgres_password)@postgres:5432/changke"
