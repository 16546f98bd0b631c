# shellcheck shell=bash
# A ledger of processes that we started, so that exactly these are stopped again. Sourced.
#
# A line is `name pid stamp`: the stamp is the process's start time, so a pid that the kernel has
# given to somebody else is never touched. A service that systemd runs has the pid `systemd`.

LEDGER=${LEDGER:?the file that remembers what was started}

# When a process began, in clock ticks since boot; empty when there is none.
stamp_of() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # The command may hold blanks and brackets: fields are counted after its last bracket.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    printf '%s' "${20}"
}

remember() {
    printf '%s %s %s\n' "$1" "$2" "$(stamp_of "$2")" >>"$LEDGER"
}

is_ours() {
    local stamp
    stamp=$(stamp_of "$1")
    [ -n "$stamp" ] && [ "$stamp" = "$2" ]
}

# Does the ledger know a living process of this name?
lives() {
    local name pid stamp
    [ -f "$LEDGER" ] || return 1
    while read -r name pid stamp; do
        if [ "$name" = "$1" ] && [ "$pid" != systemd ] && is_ours "$pid" "$stamp"; then
            return 0
        fi
    done <"$LEDGER"
    return 1
}

gone() { ! is_ours "$1" "$2"; }

# stop_process NAME PID STAMP: asks, waits, and only then insists.
stop_process() {
    is_ours "$2" "$3" || return 0
    local signal=TERM
    [ "$1" = postgresql ] && signal=INT # its "fast shutdown"
    as_root kill "-$signal" "$2" 2>/dev/null || true
    if ! wait_for 40 gone "$2" "$3"; then
        say "$1 (pid $2) does not end when asked; killing it"
        as_root kill -KILL "$2" 2>/dev/null || true
        wait_for 10 gone "$2" "$3" || say "$1 (pid $2) cannot be killed"
    fi
}

# stop_started all|"NAME...": stops what the ledger holds, the youngest first, and forgets it.
stop_started() {
    [ -f "$LEDGER" ] || return 0
    local name pid stamp kept=''
    while read -r name pid stamp; do
        if [ "$1" != all ] && [[ " $1 " != *" $name "* ]]; then
            kept="$name $pid $stamp"$'\n'"$kept"
        elif [ "$pid" = systemd ]; then
            as_root systemctl stop "$name" || true
        else
            stop_process "$name" "$pid" "$stamp"
        fi
    done < <(tac "$LEDGER")
    printf '%s' "$kept" >"$LEDGER"
}
