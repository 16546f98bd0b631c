#!/usr/bin/env bash
# Stops what devstack/stack.sh started, and only that.
#
#   --purge       also removes what it made: containers, volumes, networks and images of this host on the engine,
#                 the broker's account, the database, the state directory
#   --state DIR   as for stack.sh (default: .devstack in the checkout)
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$TOP"
# shellcheck source=devstack/lib/common.sh
. devstack/lib/common.sh

STATE=$TOP/.devstack PURGE=no
while [ $# -gt 0 ]; do
    case "$1" in
        --state) STATE=${2:?--state needs a directory}; shift ;;
        --purge) PURGE=yes ;;
        *)
            sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
            exit 2
            ;;
    esac
    shift
done
if [ ! -d "$STATE" ]; then
    say "nothing is there: $STATE"
    exit 0
fi
STATE=$(cd "$STATE" && pwd)
LEDGER=$STATE/started
# shellcheck disable=SC2034 # read by services.sh
if [ -s "$STATE/engine-url" ]; then ENGINE=$(cat "$STATE/engine-url"); fi

# shellcheck source=devstack/lib/processes.sh
. devstack/lib/processes.sh
# shellcheck source=devstack/lib/services.sh
. devstack/lib/services.sh
# shellcheck source=devstack/lib/engine.sh
. devstack/lib/engine.sh

# The roles first, so that nothing comes back while it is cleared away.
stop_started "all api conductor agent"
rm -f "$STATE"/{all,api,conductor,agent}.pid

if [ "$PURGE" = yes ]; then
    if [ -s "$STATE/agent/host-id" ] && docker_answers; then
        engine_clear "$(cat "$STATE/agent/host-id")"
    fi
    if [ -s "$STATE/account" ]; then
        account=$(cat "$STATE/account")
        if [ -s "$STATE/secret/rabbitmq" ]; then
            rabbitmq_answers || say "RabbitMQ does not answer: its user and virtual host $account stay"
            rabbitmq_account_gone "$account"
        fi
        if [ -s "$STATE/secret/postgresql" ]; then
            postgresql_role_gone "$account" || say "PostgreSQL does not answer: role and database $account stay"
        fi
    fi
fi
stop_started all
if [ "$PURGE" = yes ]; then rm -rf "$STATE"; fi
say "stopped$([ "$PURGE" = yes ] && echo ', no trace is left')"
