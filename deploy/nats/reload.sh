#!/bin/sh
# Tells nats-server to read its configuration again whenever a file of it has changed: renewed certificates, passwords.
set -eu

state() { find -L /etc/nats -type f ! -path '*/..*' -exec cat {} + | sha256sum; }

known=$(state)
while sleep "${RELOAD_SECONDS:-20}"; do
    now=$(state)
    if [ "$now" != "$known" ] && nats-server --signal reload=/run/nats/nats.pid; then
        known=$now
    fi
done
