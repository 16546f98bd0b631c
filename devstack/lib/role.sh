# shellcheck shell=bash
# Starting one role of a cloud. Sourced after processes.sh by stack.sh and by the end-to-end tests.

: "${STATE:?}" "${CONFIG:?}"

# start_role NAME: in the background, entered in the ledger.
start_role() {
    (close_inherited && exec setsid "$JEROBOAM" -c "$CONFIG" "$1") >>"$STATE/log/$1.log" 2>&1 </dev/null &
    printf '%s\n' "$!" >"$STATE/$1.pid"
    remember "$1" "$!"
}
