#!/bin/sh
# Makes what is missing of the secrets: the values in the folder `made`, and from them one folder for each service
# with what it may read. Compose runs it on its volumes; by hand: secrets.sh ./secrets
# Names after the folder are made anew: a file of `made`, or `nats` for every password of NATS.
set -eu
umask 022
root=${1:?the folder to fill}
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuse() {
    echo "$1" >&2
    exit 1
}

# Where a list of the settings is named, nothing starts beside one that is not in it, or that says what cannot be.
if [ -n "${SETTINGS_FILE:-}" ]; then
    for name in $(env | sed -n 's/^\(PARLEY_[A-Za-z0-9_]*\)=.*/\1/p'); do
        grep -q "^$name=" "$SETTINGS_FILE" || refuse "$name: no such setting; .env.example lists those there are"
    done
    case ${PARLEY_DATA_DIR:-.parley} in
    .parley) ;;
    *) refuse "PARLEY_DATA_DIR: under Compose the data is in volumes; remove it from .env" ;;
    esac
    case ${PARLEY_DATABASE_URL:-postgresql:} in
    postgres:* | postgresql:* | postgresql+*:*) ;;
    *) refuse "PARLEY_DATABASE_URL: under Compose it must begin with postgresql://" ;;
    esac
fi

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
for name in "$@"; do
    case $name in
    nats) rm -f "$root"/made/nats-* ;;
    *)
        [ -e "$root/made/$name" ] || refuse "there is no secret $name; there are: $(ls "$root/made" | tr '\n' ' ')"
        rm -f "$root/made/$name"
        ;;
    esac
done

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
for user in history-store operator; do
    printf %s "${PARLEY_DATABASE_URL:-postgresql://parley:$(secret postgres)@postgres/parley}" |
        put "$user" parley_database_url
done
for user in edge-rest edge-ws operator; do
    printf %s "${PARLEY_JWT_SECRET:-$(secret jwt)}" | put "$user" parley_jwt_secret
done
printf %s "${PARLEY_WEBHOOK_SECRET:-$(secret webhook)}" | put edge-rest parley_webhook_secret
for edge in edge-rest edge-ws; do
    printf %s "${PARLEY_API_KEYS:-}" | put "$edge" parley_api_keys
done
for user in agent-runner quote-engine; do
    printf %s "${PARLEY_MODEL_KEY:-}" | put "$user" parley_model_key
done
printf %s "${PARLEY_VOICE_KEY:-}" | put voice-bridge parley_voice_key
