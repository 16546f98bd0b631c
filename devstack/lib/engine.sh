# shellcheck shell=bash
# Clearing one host's things from the engine, by label, over its own API (the docker program may be
# missing). Sourced after services.sh.

engine() {
    local method=$1 path=$2
    shift 2
    curl -fsS --max-time 60 --unix-socket "${ENGINE#unix://}" -X "$method" "http://docker$path" "$@"
}

# engine_labelled PATH HOST: what carries the host's label, as the engine tells it.
engine_labelled() {
    engine GET "$1" -G --data-urlencode "filters={\"label\":[\"jeroboam.host=$2\"]}" --data 'all=true'
}

# engine_list PATH HOST: its ids.
engine_list() { engine_labelled "$1" "$2" | jq -r '.[].Id'; }

# engine_clear HOST: containers, then their volumes, then networks, then images tagged for the host.
engine_clear() {
    local id bridge tag=${1//-/}
    for id in $(engine_list /containers/json "$1"); do
        engine DELETE "/containers/$id?force=true&v=true" >/dev/null || say "container $id stays"
    done
    # Disks of nodes: a volume that has a name does not go with its container.
    for id in $(engine_labelled /volumes "$1" | jq -r '.Volumes[]?.Name'); do
        engine DELETE "/volumes/$id" >/dev/null || say "volume $id stays"
    done
    for id in $(engine_list /networks "$1"); do
        bridge=$(engine GET "/networks/$id" | jq -r '.Options["com.docker.network.bridge.name"] // empty')
        engine DELETE "/networks/$id" >/dev/null || say "network $id stays"
        tunnel_clear "${bridge/#jb-/jv-}"
    done
    guard_clear
    for id in $(engine GET /images/json | jq -r '.[].RepoTags[]?' | grep -E "^jeroboam(-snapshot)?/[^:]+:$tag\$" || true); do
        engine DELETE "/images/$id" >/dev/null || say "image $id stays"
    done
}

# tunnel_clear DEVICE: what joined a network with its parts on other machines, and the rules for it.
tunnel_clear() {
    if [ "$(id -u)" != 0 ] || [ -z "$1" ]; then return; fi
    if [ -e "/sys/class/net/$1" ]; then ip link delete "$1" || say "the device $1 stays"; fi
    if have nft; then nft delete table ip "$1" 2>/dev/null || true; fi
}

# The rules that keep containers from the machine go with the last network whose containers they are for,
# of this cloud or of another.
guard_clear() {
    local program
    if [ "$(id -u)" != 0 ] || compgen -G '/sys/class/net/jb-*' >/dev/null; then return; fi
    if have nft; then nft delete table ip jeroboam-tunnels 2>/dev/null || true; fi
    for program in iptables ip6tables; do
        have "$program" || continue
        # Agents that began at the same moment may have written a rule twice.
        while "$program" -w -t raw -D PREROUTING -i jb-+ -d 169.254.0.0/16 -j DROP 2>/dev/null; do :; done
        while "$program" -w -D INPUT -i jb-+ -j JEROBOAM-INPUT 2>/dev/null; do :; done
        "$program" -w -F JEROBOAM-INPUT 2>/dev/null || continue
        "$program" -w -X JEROBOAM-INPUT || say "the chain JEROBOAM-INPUT of $program stays"
    done
}
