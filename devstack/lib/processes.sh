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

# Is a service of this name ours to stop, whoever runs it?
started_here() { lives "$1" || { [ -f "$LEDGER" ] && grep -q "^$1 systemd" "$LEDGER"; }; }

# What lives on must not hold what its caller has open: a lock, or a pipe that somebody reads to its end.
close_inherited() {
    local fd
    for fd in /proc/"$BASHPID"/fd/*; do
        fd=${fd##*/}
        # The last is bash's own.
        if [ "$fd" -gt 2 ] && [ "$fd" != 255 ]; then exec {fd}>&-; fi
    done
}

# start_process NAME LOGFILE WORD...: as root, apart from this terminal, entered in the ledger.
start_process() {
    local name=$1 log=$2 told
    shift 2
    told=$(mktemp -d)
    # The shell that becomes the process tells its pid: with sudo, ours would be another one.
    # shellcheck disable=SC2016 # it is that shell that expands
    (umask 022 && close_inherited && as_root setsid bash -c 'echo $$ >"$0" && exec "$@"' "$told/pid" "$@") >>"$log" 2>&1 </dev/null &
    wait_for 10 test -s "$told/pid" || die "$name was not started; the end of its log:" "$(tail -n 5 "$log")"
    remember "$name" "$(cat "$told/pid")"
    rm -rf "$told"
}

# restart_started NAME LOGFILE: ends a service of the ledger; begins it again with the same words.
restart_started() {
    local name pid stamp words=()
    if ! lives "$1"; then
        as_root systemctl restart "$1"
        return
    fi
    while read -r name pid stamp; do
        if [ "$name" = "$1" ] && is_ours "$pid" "$stamp"; then
            mapfile -d '' -t words < <(as_root cat "/proc/$pid/cmdline")
        fi
    done <"$LEDGER"
    stop_started "$1"
    start_process "$1" "$2" "${words[@]}"
}

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
