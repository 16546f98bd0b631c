#!/usr/bin/env bash
# Measures Jeroboam on this machine and prints one table, each figure beside a limit measured in the
# same run. Makes two clouds of its own (one on Docker over RabbitMQ, one simulated in one process)
# and takes them back. Arguments name sections: api sim scale transfer call boot lists bays; none = all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=devstack/lib/common.sh
. devstack/lib/common.sh
# shellcheck source=devstack/lib/engine.sh
. devstack/lib/engine.sh

work=$(mktemp -d "${TMPDIR:-/tmp}/jeroboam-bench.XXXXXX")
export JEROBOAM_TEST_DOCKER=${JEROBOAM_TEST_DOCKER:-unix:///var/run/docker.sock}
ENGINE=$JEROBOAM_TEST_DOCKER
# On what the program makes straight on the engine.
JEROBOAM_BENCH_RUN=$(basename "$work")
export JEROBOAM_BENCH_RUN
end() {
    for cloud in docker sim; do
        if [ -d "$work/$cloud" ]; then devstack/unstack.sh --purge --state "$work/$cloud"; fi
    done
    # What the program made by hand and, cut off, did not take back.
    engine_clear "$JEROBOAM_BENCH_RUN" || say "the engine does not answer: what has the label jeroboam.host=$JEROBOAM_BENCH_RUN stays"
    rm -rf "$work"
}
trap end EXIT

# What is measured is the plane, not where this machine is full.
export JEROBOAM__CONDUCTOR__CPU_ALLOCATION_RATIO=1000 JEROBOAM__CONDUCTOR__DISK_ALLOCATION_RATIO=1000
export JEROBOAM__CONDUCTOR__RAM_ALLOCATION_RATIO=1000
export JEROBOAM__API__IMAGE__PROJECT_IMAGES=-1

devstack/stack.sh --state "$work/docker" --port 18081 --no-boot --engine "$JEROBOAM_TEST_DOCKER"
devstack/stack.sh --state "$work/sim" --port 18082 --no-boot --driver sim --amqp memory:

JEROBOAM_BENCH_DOCKER=$work/docker JEROBOAM_BENCH_SIM=$work/sim \
    JEROBOAM_TEST_AMQP=$(cat "$work/docker/secret/bus-url") \
    cargo bench --quiet --locked -p tests --bench table -- "$@"
