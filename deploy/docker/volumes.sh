#!/bin/sh
# Gives each volume under /volumes to the user who writes it, whoever filled it.
set -eu

own() { # own FOLDER USER
    user=$(id -u "$2" 2>/dev/null || echo "$2")
    find "$1" ! -user "$user" -exec chown -h "$user:$user" {} +
}

for folder in /volumes/nats* /volumes/archive; do
    own "$folder" 10001
done
for folder in /volumes/postgres*; do
    own "$folder" postgres
done
