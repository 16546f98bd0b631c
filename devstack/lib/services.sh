# shellcheck shell=bash
# Docker, RabbitMQ and PostgreSQL, with systemd and without. Sourced after processes.sh.
#
# NAME_up starts a service unless it answers, and enters it in the ledger only then. Call
# `note_running` before packages are installed: a package may start its service by itself, and what
# did not run before is ours to stop.
#
# ENGINE is the address of the engine; RABBITMQ_NODENAME and RABBITMQ_NODE_PORT, RabbitMQ's own
# variables, say which broker is meant where a machine has several.

# The engine that the distribution's package starts.
OWN_ENGINE=unix:///var/run/docker.sock
ENGINE=${ENGINE:-$OWN_ENGINE}

RAN_BEFORE=''

note_running() {
    RAN_BEFORE=''
    if docker_answers; then RAN_BEFORE+=' docker'; fi
    if rabbitmq_answers; then RAN_BEFORE+=' rabbitmq-server'; fi
    if postgresql_answers; then RAN_BEFORE+=' postgresql'; fi
}

ran_before() { [[ " $RAN_BEFORE " == *" $1 "* ]]; }

has_systemd() { [ -d /run/systemd/system ]; }

# Enters a service in the ledger, once.
started() {
    ran_before "$1" && return 0
    if has_systemd; then
        grep -qs "^$1 systemd" "$LEDGER" || printf '%s systemd -\n' "$1" >>"$LEDGER"
    elif ! lives "$1"; then
        remember "$1" "$2"
    fi
}

docker_answers() {
    curl -fsS --max-time 5 --unix-socket "${ENGINE#unix://}" http://docker/_ping >/dev/null 2>&1
}

# docker_up LOGFILE
docker_up() {
    if docker_answers; then
        ran_before docker || started docker "$(cat /var/run/docker.pid)"
        return 0
    fi
    [ "$ENGINE" = "$OWN_ENGINE" ] || die "no engine answers at $ENGINE." "Start it and run this again."
    say "starting dockerd"
    if has_systemd; then
        as_root systemctl start docker
        started docker -
    else
        start_process docker "$1" dockerd
    fi
    wait_for 60 docker_answers || die "dockerd does not answer; the end of its log:" "$(tail -n 5 "$1" 2>/dev/null)"
}

rabbitmq_port() { echo "${RABBITMQ_NODE_PORT:-5672}"; }

rabbitmq_answers() { port_answers "$(rabbitmq_port)"; }

rabbitmq_pid() { as_root rabbitmqctl -q eval 'io:format("~s~n", [os:getpid()]).' | head -n 1; }

# rabbitmq_up LOGFILE
rabbitmq_up() {
    if ! rabbitmq_answers; then
        say "starting rabbitmq-server"
        if has_systemd; then
            as_root systemctl start rabbitmq-server
        else
            (umask 022 && close_inherited && as_root rabbitmq-server -detached >>"$1" 2>&1 </dev/null)
        fi
        as_root rabbitmqctl -q await_startup --timeout 90 >>"$1" 2>&1 || true
        wait_for 60 rabbitmq_answers ||
            die "RabbitMQ does not answer; its log is in /var/log/rabbitmq." "$(tail -n 5 "$1" 2>/dev/null)"
    fi
    ran_before rabbitmq-server || started rabbitmq-server "$(rabbitmq_pid)"
}

# rabbitmq_account NAME PASSWORD: a user and a virtual host of that name, made or brought up to date.
# The password goes by standard input: arguments are for all to read.
rabbitmq_account() {
    printf '%s\n' "$2" | as_root rabbitmqctl -q add_user "$1" >/dev/null 2>&1 ||
        printf '%s\n' "$2" | as_root rabbitmqctl -q change_password "$1" >/dev/null ||
        die "RabbitMQ refuses the user $1"
    as_root rabbitmqctl -q add_vhost "$1" >/dev/null 2>&1 || true
    as_root rabbitmqctl -q set_permissions -p "$1" "$1" '.*' '.*' '.*' ||
        die "RabbitMQ refuses the virtual host $1"
}

rabbitmq_account_gone() {
    as_root rabbitmqctl -q delete_vhost "$1" >/dev/null 2>&1 || true
    as_root rabbitmqctl -q delete_user "$1" >/dev/null 2>&1 || true
}

# Version, name, port, status and data directory of the newest cluster.
postgresql_cluster() {
    have pg_lsclusters || return 0
    pg_lsclusters -h 2>/dev/null | awk '{print $1, $2, $3, $4, $6}' | sort -V | tail -n 1
}

postgresql_answers() { [[ "$(postgresql_cluster)" == *' online '* ]]; }

postgresql_port() { postgresql_cluster | cut -d' ' -f3; }

# postgresql_up LOGFILE
postgresql_up() {
    local version name data
    if [ -z "$(postgresql_cluster)" ]; then
        version=$(basename "$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 | sort -V | tail -n 1)")
        as_root pg_createcluster "$version" main >>"$1" 2>&1 || die "pg_createcluster failed" "$(tail -n 5 "$1")"
    fi
    read -r version name _ _ data <<<"$(postgresql_cluster)"
    if ! postgresql_answers; then
        say "starting PostgreSQL $version"
        if has_systemd; then
            as_root systemctl start postgresql
        else
            as_root pg_ctlcluster --skip-systemctl-redirect "$version" "$name" start >>"$1" 2>&1 </dev/null ||
                die "PostgreSQL does not start" "$(tail -n 5 "$1")"
        fi
        wait_for 60 postgresql_answers || die "PostgreSQL does not answer"
    fi
    ran_before postgresql || started postgresql "$(as_root head -n 1 "$data/postmaster.pid")"
}

# SQL on standard input, as the database's own superuser. Runs in / because it may not read our directory.
postgresql_sql() {
    local run=(sudo -u postgres)
    [ "$(id -u)" = 0 ] && run=(runuser -u postgres --)
    (cd / && "${run[@]}" psql -X -q -t -A -v ON_ERROR_STOP=1 -p "$(postgresql_port)" -d postgres)
}

# Ends a role with every database it owns.
postgresql_role_gone() {
    local database
    for database in $(postgresql_sql <<<"SELECT datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = '$1'"); do
        postgresql_sql <<<"DROP DATABASE IF EXISTS \"$database\" WITH (FORCE)"
    done
    postgresql_sql <<<"DROP ROLE IF EXISTS \"$1\""
}
