#!/usr/bin/env bash
# Runs every test there is: format, lints, the Rust suites on SQLite, PostgreSQL, RabbitMQ and Docker,
# and the end-to-end tests with the OpenStack clients. Installs what is missing, starts what does not
# run, and stops at its end exactly what it started. See README.md.
#
#   devstack/test.sh            everything
#   devstack/test.sh --quick    what needs no engine, broker or server: format, lints, cargo test
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$TOP"
QUICK=no
case "${1:-}" in
    '') ;;
    --quick) QUICK=yes ;;
    *)
        sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/jeroboam-target}
export CARGO_TERM_COLOR=never PYTHONDONTWRITEBYTECODE=1
WORK=$(mktemp -d "${TMPDIR:-/tmp}/jeroboam-test.XXXXXX")
LEDGER=$WORK/started
export JEROBOAM_TEST_LEDGER=$LEDGER
ACCOUNT=jeroboam_test_$(random=$(od -An -N4 -tx1 /dev/urandom) && echo "${random// /}")
PASSED=0
FAILED=0
FAILURES=()
ENGINE=${JEROBOAM_TEST_DOCKER:-}

# shellcheck source=devstack/lib/common.sh
. devstack/lib/common.sh
# shellcheck source=devstack/lib/processes.sh
. devstack/lib/processes.sh
# shellcheck source=devstack/lib/services.sh
. devstack/lib/services.sh
# shellcheck source=devstack/lib/packages.sh
. devstack/lib/packages.sh

finish() {
    local code=$?
    trap - EXIT
    if [ -n "${OUR_AMQP:-}" ]; then rabbitmq_account_gone "$ACCOUNT"; fi
    if [ -n "${OUR_POSTGRES:-}" ]; then postgresql_role_gone "$ACCOUNT" || true; fi
    stop_started all
    rm -rf "$WORK"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Sums up what test runners say: nextest's and pytest's `N passed, N failed`, cargo's `N passed; N failed`.
count() {
    local log=$1 passed failed
    passed=$(sed -nE '/^( *Summary|test result:|[0-9]+ (passed|failed|error).* in [0-9.]+s)/s/(^|.*[^0-9])([0-9]+) passed.*/\2/p' "$log" | awk '{n += $1} END {print n + 0}')
    failed=$(sed -nE '/^( *Summary|test result:|[0-9]+ (passed|failed|error).* in [0-9.]+s)/{s/ errors?/ failed/;s/(^|.*[^0-9])([0-9]+) failed.*/\2/p}' "$log" | awk '{n += $1} END {print n + 0}')
    echo "$passed $failed"
}

# step NAME COMMAND...: one part of the test; a failure is noted and the rest goes on.
step() {
    local name=$1 log=$WORK/step.log code=0 passed failed begin=$SECONDS
    shift
    say "--- $name"
    "$@" </dev/null 2>&1 | tee "$log" || code=$?
    read -r passed failed < <(count "$log")
    if [ "$code" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
    if [ "$code" = 0 ] && [ "$passed" = 0 ]; then passed=1; fi
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + failed))
    if [ "$failed" != 0 ]; then FAILURES+=("$name"); fi
    say "--- $name: $passed passed, $failed failed, $((SECONDS - begin)) s"
}

# --- what is needed ---------------------------------------------------------------------------------

need_rust
if [ "$QUICK" = yes ]; then
    ensure_packages "${BUILD_PACKAGES[@]}" shellcheck
else
    note_running
    ensure_packages "${BUILD_PACKAGES[@]}" shellcheck busybox-static iproute2 \
        nftables conntrack docker-compose postgresql rabbitmq-server
    ensure_docker
    docker_up "$WORK/dockerd.log"
    export JEROBOAM_TEST_DOCKER=$ENGINE

    if [ -z "${JEROBOAM_TEST_POSTGRES:-}" ]; then
        postgresql_up "$WORK/postgresql.log"
        secret=$(random_secret)
        postgresql_sql <<<"CREATE ROLE \"$ACCOUNT\" LOGIN SUPERUSER PASSWORD '$secret'"
        OUR_POSTGRES=yes
        port=$(postgresql_port)
        export JEROBOAM_TEST_POSTGRES=postgres://$ACCOUNT:$secret@127.0.0.1:$port
    fi
    if [ -z "${JEROBOAM_TEST_AMQP:-}" ]; then
        rabbitmq_up "$WORK/rabbitmq.log"
        secret=$(random_secret)
        rabbitmq_account "$ACCOUNT" "$secret"
        OUR_AMQP=yes
        port=$(rabbitmq_port)
        export JEROBOAM_TEST_AMQP=amqp://$ACCOUNT:$secret@127.0.0.1:$port/$ACCOUNT
    fi
fi

# --- the tests --------------------------------------------------------------------------------------

step format cargo fmt --all --check
step lints cargo clippy --workspace --all-targets -- -D warnings
if have cargo-nextest; then
    # A second try shows what is flaky (nextest names it) without failing all for one slow moment.
    step tests cargo nextest run --workspace --no-fail-fast --retries 1 --status-level retry --final-status-level flaky
    step doctests cargo test --workspace --doc --no-fail-fast
else
    step tests cargo test --workspace --no-fail-fast
fi
step scripts shellcheck -x devstack/*.sh devstack/lib/*.sh tests/e2e/run tests/e2e/start-role tests/e2e/restart .ci/run
if [ "$QUICK" = no ] && [ -x tests/e2e/run ]; then
    step end-to-end tests/e2e/run
fi

if [ "$FAILED" != 0 ]; then say "failed: ${FAILURES[*]}"; fi
echo "$PASSED passed, $FAILED failed"
[ "$FAILED" = 0 ]
