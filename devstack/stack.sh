#!/usr/bin/env bash
# Builds Jeroboam on this machine and runs it: installs what is missing, makes the database, the broker's
# account, the first administrator, flavors and an image, starts the roles, boots a container.
# Runs again without harm. devstack/unstack.sh takes it back.
#
#   --db URL        postgres://user:password@host/name, `postgres` (installs it here), or sqlite (default)
#   --amqp URL      amqp://user:password@host/vhost, `rabbitmq` (default; installs it here), or memory:
#   --processes     api, conductor and agent in processes of their own (not with memory:)
#   --driver NAME   docker (default), or sim: containers in memory only
#   --engine URL    unix:///path of an engine that runs already (default: this machine's Docker, which
#                   is installed and started where it is missing)
#   --no-boot       do not boot a container at the end
#   --state DIR     settings, secrets, logs, data (default: .devstack in the checkout)
#   --port N        port of the APIs on 127.0.0.1 (default 8080)
#   --dev           the development build: faster to build, slower to run
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$TOP"
# shellcheck source=devstack/lib/common.sh
. devstack/lib/common.sh

DB=sqlite AMQP=rabbitmq DRIVER=docker ENGINE='' PROCESSES=no BOOT=yes PORT=8080 PROFILE=release
STATE=$TOP/.devstack
usage() {
    sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit "$1"
}
while [ $# -gt 0 ]; do
    case "$1" in
        --db) DB=${2:?--db needs a URL}; shift ;;
        --amqp) AMQP=${2:?--amqp needs a URL}; shift ;;
        --driver) DRIVER=${2:?--driver needs a name}; shift ;;
        --engine) ENGINE=${2:?--engine needs a URL}; shift ;;
        --state) STATE=${2:?--state needs a directory}; shift ;;
        --port) PORT=${2:?--port needs a number}; shift ;;
        --processes) PROCESSES=yes ;;
        --no-boot) BOOT=no ;;
        --dev) PROFILE=dev ;;
        -h | --help) usage 0 ;;
        *) say "unknown word: $1"; usage 2 ;;
    esac
    shift
done
case "$DRIVER" in docker | sim) ;; *) die "--driver is docker or sim, not $DRIVER" ;; esac
[[ "${ENGINE:-unix://}" == unix://* ]] || die "--engine is unix:///path, not $ENGINE"
[[ "$PORT" =~ ^[0-9]+$ ]] || die "--port is a number, not $PORT"
if [ "$PROCESSES" = yes ] && [[ "$AMQP" == memory:* ]]; then
    die "memory: carries messages within one process; --processes needs RabbitMQ."
fi

umask 077
mkdir -p "$STATE"/{log,secret}
chmod 0700 "$STATE"
STATE=$(cd "$STATE" && pwd)
LEDGER=$STATE/started
URL=http://127.0.0.1:$PORT
CONFIG=$STATE/jeroboam.yaml

# shellcheck source=devstack/lib/processes.sh
. devstack/lib/processes.sh
# shellcheck source=devstack/lib/services.sh
. devstack/lib/services.sh
# shellcheck source=devstack/lib/packages.sh
. devstack/lib/packages.sh
# shellcheck source=devstack/lib/role.sh
. devstack/lib/role.sh
# shellcheck source=devstack/lib/cloud.sh
. devstack/lib/cloud.sh
# shellcheck source=devstack/lib/image.sh
. devstack/lib/image.sh

need_rust
note_running
install_needed
start_services
printf '%s' "$ENGINE" >"$STATE/engine-url"
build
stop_started "api conductor agent all"
write_settings
"$JEROBOAM" -c "$CONFIG" db migrate
"$JEROBOAM" -c "$CONFIG" admin bootstrap \
    --password-file "$STATE/secret/admin" --agent-password-file "$STATE/secret/agent"
start_roles
write_client_files
seed
if [ "$BOOT" = yes ]; then
    "$JEROBOAM" admin hello --url "$URL" --password-file "$STATE/secret/admin"
fi
cat >&2 <<END

Jeroboam answers at $URL; its logs are in $STATE/log.
  . $STATE/openrc                        then: openstack server list
  export OS_CLIENT_CONFIG_FILE=$STATE/clouds.yaml OS_CLOUD=jeroboam
  devstack/unstack.sh --state $STATE     stops it; --purge leaves no trace
END
