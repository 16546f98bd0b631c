# shellcheck shell=bash
# The steps of stack.sh. Sourced by it: reads its flags (DB, AMQP, DRIVER, ENGINE, …) and STATE, CONFIG, URL.

: "${STATE:?}" "${CONFIG:?}" "${URL:?}" "${DB:?}" "${AMQP:?}" "${DRIVER:?}" "${PROCESSES:?}" "${PROFILE:?}" "${PORT:?}"

install_needed() {
    local packages=("${BUILD_PACKAGES[@]}" busybox-static)
    [ "$DB" != postgres ] || packages+=(postgresql)
    [ "$AMQP" != rabbitmq ] || packages+=(rabbitmq-server)
    # Parts of the node image, beside the engine's own.
    [ "$DRIVER" != docker ] || packages+=(nftables conntrack)
    ensure_packages "${packages[@]}"
    [ "$DRIVER" != docker ] || ensure_docker
}

# A secret is made once and kept.
secret() {
    [ -s "$STATE/secret/$1" ] || random_secret >"$STATE/secret/$1"
    cat "$STATE/secret/$1"
}

# The name of this cloud's own broker account and database role.
account() {
    [ -s "$STATE/account" ] || printf 'jeroboam_%s' "$(random_secret | cut -c1-8)" >"$STATE/account"
    cat "$STATE/account"
}

start_services() {
    local name
    name=$(account)
    secret admin >/dev/null
    secret demo >/dev/null
    secret agent >/dev/null
    [ "$DRIVER" != docker ] || docker_up "$STATE/log/dockerd.log"
    case "$AMQP" in
        rabbitmq)
            rabbitmq_up "$STATE/log/rabbitmq.log"
            rabbitmq_account "$name" "$(secret rabbitmq)"
            printf 'amqp://%s:%s@127.0.0.1:%s/%s' \
                "$name" "$(secret rabbitmq)" "$(rabbitmq_port)" "$name" >"$STATE/secret/bus-url"
            ;;
        amqp://* | amqps://* | memory:*) printf '%s' "$AMQP" >"$STATE/secret/bus-url" ;;
        *) die "--amqp is an amqp:// URL, rabbitmq or memory:, not $AMQP" ;;
    esac
    case "$DB" in
        sqlite) printf 'sqlite://%s/jeroboam.sqlite' "$STATE" >"$STATE/secret/database-url" ;;
        postgres)
            postgresql_up "$STATE/log/postgresql.log"
            make_database "$name"
            ;;
        postgres://* | postgresql://* | sqlite://*) printf '%s' "$DB" >"$STATE/secret/database-url" ;;
        *) die "--db is a postgres:// URL, postgres or sqlite, not $DB" ;;
    esac
}

make_database() {
    local known port
    secret postgresql >/dev/null
    known=$(postgresql_sql <<<"SELECT 1 FROM pg_roles WHERE rolname = '$1'")
    if [ -z "$known" ]; then
        postgresql_sql <<<"CREATE ROLE \"$1\" LOGIN"
    fi
    postgresql_sql <<<"ALTER ROLE \"$1\" PASSWORD '$(secret postgresql)'"
    known=$(postgresql_sql <<<"SELECT 1 FROM pg_database WHERE datname = '$1'")
    if [ -z "$known" ]; then
        postgresql_sql <<<"CREATE DATABASE \"$1\" OWNER \"$1\""
    fi
    port=$(postgresql_port)
    printf 'postgres://%s:%s@127.0.0.1:%s/%s' "$1" "$(secret postgresql)" "$port" "$1" >"$STATE/secret/database-url"
}

# Leaves the program's path in JEROBOAM, and where there will be nodes, that of their process 1 in
# NODE_INIT.
build() {
    local target=${CARGO_TARGET_DIR:-$TOP/target} folder=$PROFILE
    [ "$PROFILE" != dev ] || folder=debug
    say "building (the first time takes some minutes)"
    [ "$DRIVER" != docker ] || build_node_init "$target" "$folder"
    if [ -n "${JEROBOAM_BINARY:-}" ]; then
        JEROBOAM=$JEROBOAM_BINARY
        return 0
    fi
    cargo build --quiet --locked --profile "$PROFILE" -p devstack
    JEROBOAM=$target/$folder/jeroboam
}

# Static: nodes do not depend on this machine's C library.
build_node_init() {
    local triple
    triple=$(rustc -vV | sed -n 's/^host: //p')
    RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
        cargo build --quiet --locked --profile "$PROFILE" --target "$triple" -p node-init
    NODE_INIT=$1/$triple/$2/node-init
}

# A /16 for the projects' networks that nothing on this machine uses, so that several clouds can share
# its engine. Of the default pool: the networks of clusters' guests are elsewhere. Chosen once and kept.
network_pool() {
    local tries second
    if [ ! -s "$STATE/network-pool" ]; then
        for tries in {1..64}; do
            second=$((128 + RANDOM % 64))
            if ! grep -qE "(^| )10\.$second\." <<<"$(routes)" || [ "$tries" = 64 ]; then break; fi
        done
        printf '10.%s.0.0/16' "$second" >"$STATE/network-pool"
    fi
    cat "$STATE/network-pool"
}

# Networks this machine is on, in dotted form. The kernel's own table has them as little-endian hex.
routes() {
    local destination
    while read -r _ destination _; do
        [[ "$destination" =~ ^[0-9A-F]{8}$ ]] || continue
        printf '%d.%d.%d.%d\n' "0x${destination:6:2}" "0x${destination:4:2}" "0x${destination:2:2}" "0x${destination:0:2}"
    done </proc/net/route
}

write_settings() {
    cat >"$CONFIG" <<END
# Written by devstack/stack.sh; written again by its next run.
database:
  url_file: $STATE/secret/database-url
bus:
  url_file: $STATE/secret/bus-url
http:
  listen: 127.0.0.1:$PORT
api:
  key_dir: $STATE/keys
  image:
    dir: $STATE/images
conductor:
  network_pool: $(network_pool)
  key_dir: $STATE/keys
agent:
  state_dir: $STATE/agent
  images:
    auth_url: $URL/identity
    image_url: $URL/image
    password_file: $STATE/secret/agent
engine:
  driver: $DRIVER
  url: $ENGINE
END
    # Who may not write firewall rules can only be told that they are missing.
    if [ "$DRIVER" = docker ] && { [ "$(id -u)" != 0 ] || ! have iptables; }; then
        echo '  gateway_guard: check' >>"$CONFIG"
        say "containers will reach services of this machine: to shut them out takes root and iptables"
    fi
}

api_answers() { curl -fsS --max-time 5 "$URL/readyz" >/dev/null 2>&1; }

start_roles() {
    local roles=(all) role
    [ "$PROCESSES" = no ] || roles=(api conductor agent)
    ! port_answers "$PORT" || die "another program answers on port $PORT" "Choose another one with --port."
    for role in "${roles[@]}"; do start_role "$role"; done
    for role in "${roles[@]}"; do
        if [ "$role" != all ] && [ "$role" != api ]; then continue; fi
        wait_for 60 api_answers || die "the api does not answer; the end of its log:" "$(tail -n 5 "$STATE/log/$role.log")"
    done
    for role in "${roles[@]}"; do
        lives "$role" || die "$role ended; the end of its log:" "$(tail -n 5 "$STATE/log/$role.log")"
    done
}

write_client_files() {
    cat >"$STATE/openrc" <<END
# For the openstack client: . $STATE/openrc
export OS_AUTH_URL=$URL/identity/v3 OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=RegionOne
export OS_USERNAME=admin OS_PASSWORD=$(secret admin) OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_NAME=demo OS_PROJECT_DOMAIN_NAME=Default
END
    {
        echo "clouds:"
        cloud_entry jeroboam demo demo "$(secret demo)"
        cloud_entry jeroboam-admin admin admin "$(secret admin)"
    } >"$STATE/clouds.yaml"
}

# cloud_entry NAME USER PROJECT PASSWORD
cloud_entry() {
    cat <<END
  $1:
    auth:
      auth_url: $URL/identity/v3
      username: $2
      password: $4
      project_name: $3
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    identity_api_version: 3
END
}

seed() {
    local args=(--url "$URL" --password-file "$STATE/secret/admin" --demo-password-file "$STATE/secret/demo")
    [ -s "$STATE/busybox.tar" ] || busybox_image "$STATE/busybox.tar"
    if [ "$DRIVER" = docker ]; then
        # An engine that no image can be made of still has the rest of the cloud.
        if devstack/lib/node-image.sh "$STATE/node-image.tar" "$NODE_INIT"; then
            args+=(--node-image "$STATE/node-image.tar")
        else
            say "going on without the node image: clusters that need nodes cannot be made"
        fi
    fi
    "$JEROBOAM" admin seed "${args[@]}" --image "busybox=$STATE/busybox.tar"
}
