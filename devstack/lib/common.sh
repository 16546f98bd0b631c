# shellcheck shell=bash
# Words and small acts that stack.sh, unstack.sh and test.sh share. Sourced, never run.

say() { printf '%s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Debian keeps daemons where an ordinary user's PATH does not look.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# Runs a command as root: directly, or by sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "this needs root: $*" "Run as root, or install sudo."
    fi
}

# 32 hex digits nobody can guess.
random_secret() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# wait_for PATIENCE_SECONDS COMMAND...: until the command succeeds.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.3
    done
}

port_answers() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The toolchain is the one thing that is not installed: people choose how they get it.
need_rust() {
    PATH="$PATH:$HOME/.cargo/bin"
    have cargo || die "cargo is not installed; Jeroboam is built from source." \
        "Get a toolchain with   curl https://sh.rustup.rs -sSf | sh   and run this again." \
        "(Debian 12's own rustc is too old: 1.88 or newer is needed.)"
}
