#!/bin/sh
# Makes what is missing of the secrets: the values in the folder `made`, and from them one folder for each service
# with what it may read. Compose runs it on its volumes; by hand: secrets.sh ./secrets
set -eu
umask 022
root=${1:?the folder to fill}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

secret() { # secret NAME: the value kept under that name, made when first asked for
    if [ ! -s "$root/made/$1" ]; then
        (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$work/$1")
        mv "$work/$1" "$root/made/$1"
    fi
    cat "$root/made/$1"
}

put() { # put FOLDER NAME: what is piped in, as a file that a service without root can read
    mkdir -p "$root/$1"
    cat >"$work/file"
    if ! cmp -s "$work/file" "$root/$1/$2"; then
        cp "$work/file" "$root/$1/.$2"
        chmod 444 "$root/$1/.$2"
        mv -f "$root/$1/.$2" "$root/$1/$2"
    fi
}

mkdir -p "$root/made"
users='agent-runner edge-rest edge-ws history-store quote-engine voice-bridge'
for user in $users operator; do
    secret "nats-$user" | put "$user" parley_nats_password
done

for user in $users operator system; do
    name=$(printf %s "$user" | tr a-z- A-Z_)
    printf '%s_PASSWORD = "%s"\n' "$name" "$(secret "nats-$user")"
done | put nats passwords.conf

route=$(secret nats-route)
{
    printf 'authorization { user: route, password: "%s" }\nroutes: [\n' "$route"
    for server in ${NATS_SERVERS:-nats nats-2 nats-3}; do
        printf '  "nats-route://route:%s@%s:6222"\n' "$route" "$server"
    done
    printf ']\n'
} | put nats routes.conf

secret postgres | put postgres password
printf %s "${DATABASE_URL:-postgresql://parley:$(secret postgres)@postgres/parley}" | put history-store parley_database_url
for edge in edge-rest edge-ws; do
    secret jwt | put "$edge" parley_jwt_secret
    printf %s "${PARLEY_API_KEYS:-}" | put "$edge" parley_api_keys
done
