#!/usr/bin/env bash
# Tries nodes and the driver where this machine cannot: on cgroup v2, systemd and a newer engine, in an
# emulated machine with Debian's own kernel. Needs root, 6 GB of disk and much patience: without hardware's
# help everything takes ten to fifty times as long, and what is bounded in time may fail for that alone.
#
#   devstack/try-cgroup2.sh [--suite SUITE] [FILTER...]
#
#   --suite NAME    kernel, packages and engine of this Debian (default trixie)
#   --keep          keep the machine's disk for the next run
#   FILTER          tests whose names contain it; none: all of node-init and the driver on Docker
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$TOP"
# shellcheck source=devstack/lib/common.sh
. devstack/lib/common.sh
# shellcheck source=devstack/lib/packages.sh
. devstack/lib/packages.sh

SUITE=trixie KEEP=no
FILTERS=()
while [ $# -gt 0 ]; do
    case "$1" in
        --suite) SUITE=${2:?--suite needs a name}; shift ;;
        --keep) KEEP=yes ;;
        -*)
            sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" | head -n -1 >&2
            exit 2
            ;;
        *) FILTERS+=("$1") ;;
    esac
    shift
done
[ "$(id -u)" = 0 ] || die "a file system with its owners is made here: run this as root."

WORK=${XDG_CACHE_HOME:-$HOME/.cache}/jeroboam-cgroup2/$SUITE
ROOT=$WORK/root SHARE=$WORK/share
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$TOP/target}
# The paths in them are those of this machine, so the other one shows the same folders.
SUITES=(--bin node-init --test nodes --test docker --test docker_nodes --test docker_pods)
EMULATOR=''
finish() {
    [ -z "$EMULATOR" ] || kill "$EMULATOR" 2>/dev/null || true
    [ "$KEEP" = yes ] || rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 130' INT TERM

# --- the machine's file system -------------------------------------------------------------------------

# One command in it, on this machine's processor.
inside() { unshare --mount --pid --fork --mount-proc="$ROOT/proc" chroot "$ROOT" "$@"; }

# What it does once it is up: the tests, then it ends.
services() {
    cat >"$ROOT/etc/systemd/system/tests.service" <<'END'
[Unit]
Wants=docker.service
After=docker.service
[Service]
ExecStart=/bin/bash /work/run
ExecStopPost=/usr/bin/systemctl --no-block poweroff --force
StandardOutput=null
TasksMax=infinity
[Install]
WantedBy=multi-user.target
END
    cat >"$ROOT/etc/fstab" <<END
/dev/vda / ext4 noatime 0 0
work /work 9p trans=virtio,version=9p2000.L,msize=262144,x-systemd.requires=systemd-modules-load.service 0 0
tree $TOP 9p trans=virtio,version=9p2000.L,ro,x-systemd.requires=systemd-modules-load.service 0 0
END
    echo 9pnet_virtio >"$ROOT/etc/modules-load.d/tests.conf"
    mkdir -p "$ROOT/work" "$ROOT$TOP" "$ROOT$CARGO_TARGET_DIR/tmp"
    inside systemctl --quiet enable tests.service 2>/dev/null
}

make_root() {
    local packages=linux-image-amd64,initramfs-tools,systemd-sysv,udev,dbus,kmod,iproute2,procps,ca-certificates
    packages+=,docker.io,docker-cli,iptables,nftables,conntrack,busybox-static,jq
    say "making a machine with Debian $SUITE"
    rm -rf "$WORK"
    mkdir -p "$SHARE"
    if ! debootstrap --variant=minbase --include="$packages" "$SUITE" "$ROOT" >"$WORK/log" 2>&1; then
        tail -n 5 "$WORK/log" >&2
        die "debootstrap could not make it."
    fi
    rm -f "$ROOT"/var/cache/apt/archives/*.deb
    : >"$WORK/made"
}

# --- what is tried in it -------------------------------------------------------------------------------

build() {
    local program
    cargo build --locked --quiet --workspace --bin node-init
    cargo test --locked --quiet --workspace --no-run --message-format=json "${SUITES[@]}" >"$SHARE/built"
    rm -rf "$SHARE/tests"
    mkdir "$SHARE/tests"
    jq -r 'select(.profile.test and .executable) | .executable' "$SHARE/built" | while read -r program; do
        # Not all that is known of them for a debugger: emulated memory is dear.
        strip -g -o "$SHARE/tests/$(basename "$program")" "$program"
    done
    # Of the other machine's engine, by this machine's processor.
    mkdir -p "$ROOT/src"
    cp -R devstack/lib "$CARGO_TARGET_DIR/debug/node-init" "$ROOT/src/"
    inside bash /src/lib/node-image.sh /src/node-image.tar /src/node-init
    cp "$ROOT/src/node-image.tar" "$SHARE/"
    printf '%s\n' "${FILTERS[@]}" >"$SHARE/filters"
    # The image is named once more, so that no test brings it again; one test at a time, as there is not
    # much of a processor.
    cat >"$SHARE/run" <<'END'
exec >/work/said 2>&1
export JEROBOAM_TEST_DOCKER=unix:///var/run/docker.sock JEROBOAM_TEST_NODE_IMAGE=/work/node-image.tar
uname -sr; docker version --format 'Docker {{.Server.Version}}'; stat -fc 'cgroups: %T' /sys/fs/cgroup
docker tag "$(docker load -qi /work/node-image.tar | sed 's/.*: //')" kept:1
readarray -t filters < <(grep . /work/filters)
failed=no
for suite in /work/tests/*; do "$suite" --test-threads=1 "${filters[@]}" || failed=yes; done
echo $failed >/work/failed
END
    rm -f "$SHARE/failed"
    : >"$SHARE/said"
}

run() {
    local reader
    mke2fs -q -F -t ext4 -d "$ROOT" -r 1 "$WORK/disk" 8G >/dev/null
    nice -n 19 qemu-system-x86_64 -accel tcg,thread=multi,tb-size=1024 -cpu max -smp 2 -m 3072 \
        -display none -no-reboot -net none -device virtio-rng-pci -serial "file:$WORK/console" \
        -kernel "$ROOT"/boot/vmlinuz-* -initrd "$ROOT"/boot/initrd.img-* \
        -append 'root=/dev/vda rw console=ttyS0 mitigations=off quiet' \
        -drive "file=$WORK/disk,format=raw,if=virtio,cache=unsafe" \
        -virtfs "local,path=$SHARE,mount_tag=work,security_model=none" \
        -virtfs "local,path=$TOP,mount_tag=tree,security_model=none,readonly=on" </dev/null &
    EMULATOR=$!
    tail -f --pid="$EMULATOR" "$SHARE/said" &
    reader=$!
    wait "$EMULATOR" "$reader" || true
    EMULATOR=''
    [ -s "$SHARE/failed" ] || die "the machine ended before the tests did; the end of its console:" "$(tail -n 5 "$WORK/console")"
    [ "$(cat "$SHARE/failed")" = no ]
}

need_rust
ensure_packages debootstrap qemu-system-x86 e2fsprogs binutils jq
[ -e "$WORK/made" ] || make_root
services
build
run
