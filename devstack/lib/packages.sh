# shellcheck shell=bash
# What must be installed, by the distribution's own packages. Sourced.

# ensure_packages NAME...: installs those that are missing; nothing happens when none is.
ensure_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    have apt-get || die "these packages are missing, and there is no apt-get to install them: ${missing[*]}" \
        "Install what matches them on your distribution and run this again."
    say "installing ${missing[*]}"
    local log
    log=$(mktemp)
    as_root apt-get -qq update >"$log" 2>&1 || true
    if ! as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -qq -y --no-install-recommends install "${missing[@]}" >>"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install: ${missing[*]}" "The lines above say why."
    fi
    rm -f "$log"
}

# What the build needs: a C compiler and linker, SQLite's is bundled, PostgreSQL's library is not.
# shellcheck disable=SC2034 # read by the scripts that source this
BUILD_PACKAGES=(gcc libc6-dev make pkg-config libpq-dev curl jq ca-certificates)

# An engine that is there already is kept, whoever's package it is; one whose files are gone comes back.
ensure_docker() {
    if docker_answers || [ "$ENGINE" != "$OWN_ENGINE" ]; then return 0; fi
    have dockerd && return 0
    if dpkg-query -W -f '${Status}' docker.io 2>/dev/null | grep -q 'ok installed'; then
        say "docker.io is installed, but dockerd is not there: installing it again"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --reinstall install docker.io \
            >/dev/null </dev/null || die "apt-get could not reinstall docker.io"
        return 0
    fi
    ensure_packages docker.io iptables
}
