#!/bin/sh
# Starts PostgreSQL with the password that the secrets have now, also on data made with another one.
set -eu

if [ -s "$PGDATA/PG_VERSION" ]; then
    printf "ALTER ROLE %s PASSWORD '%s';\n" "$POSTGRES_USER" "$(cat "$POSTGRES_PASSWORD_FILE")" |
        postgres --single -D "$PGDATA" postgres >/dev/null
fi
exec docker-entrypoint.sh postgres "$@"
