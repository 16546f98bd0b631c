#!/usr/bin/env bash
# Makes the image that nodes boot from, in the form of `docker save`: the engine of this machine, out of
# the distribution's packages or whoever's, with what it needs to run, and node-init as process 1.
# There is no shell in it, and nothing that a person would log in with.
#
#   node-image.sh FILE NODE_INIT [KUBERNETES]    writes FILE, unless it is there and made of the same files
#
# KUBERNETES is a folder with what an operator brings for nodes of Kubernetes (docs/kubernetes.md).
# Ends with 3, having said what to install, when the machine lacks something that belongs into it.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=devstack/lib/common.sh
. "$HERE/common.sh"
# shellcheck source=devstack/lib/image.sh
. "$HERE/image.sh"
# shellcheck source=devstack/lib/kubernetes-image.sh
. "$HERE/kubernetes-image.sh"

FILE=${1:?which file to write} NODE_INIT=${2:?where node-init is} KUBERNETES=${3:-}
export LC_ALL=C
umask 022
MISSING=()
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
FILES=$WORK/files

# --- what belongs into it: lines of source, destination ----------------------------------------------

add() { printf '%s\t%s\n' "$(readlink -f "$1")" "$2" >>"$FILES"; }

# Where a program is: some packages keep the engine's parts out of the way.
locate() {
    local name file
    for name in "$@"; do
        for file in "$(command -v "$name" || true)" {/usr/libexec,/usr/lib,/usr/local/lib}/docker/"$name"; do
            # What is no program itself but starts one elsewhere (snap's) is of no use in an image.
            if [ -n "$file" ] && [ "$(head -c 4 "$file" 2>/dev/null | tail -c 3)" = ELF ]; then
                echo "$file"
                return 0
            fi
        done
    done
    return 1
}

# program NAME PACKAGE [OTHER_NAME...]: the engine does not do without it.
program() {
    local name=$1 package=$2 file
    shift 2
    if file=$(locate "$name" "$@"); then
        add "$file" "/usr/bin/$name"
    else
        MISSING+=("$name (package $package)")
    fi
}

# The packet filter's program, of both kinds if there are: node-init takes the one the kernel knows.
filters() {
    local kind file name folder found=no
    for kind in nft legacy; do
        file=$(locate "xtables-$kind-multi") || continue
        found=yes
        add "$file" "/usr/sbin/xtables-$kind-multi"
        for name in ip{,6}tables{,-save,-restore}; do
            printf '%s\t%s\n' "->../../../sbin/xtables-$kind-multi" "/usr/libexec/jeroboam/$kind/$name" >>"$FILES"
        done
    done
    [ "$found" = yes ] || MISSING+=("xtables-nft-multi (package iptables)")
    for folder in /usr/lib/*/xtables /usr/lib64/xtables /usr/lib/xtables /lib/xtables; do
        for file in "$folder"/lib*.so; do
            [ ! -e "$file" ] || add "$file" "$file"
        done
    done
}

# Libraries of all programs so far, where the programs look for them.
libraries() {
    local source library
    { cut -f1 "$FILES" | grep -v '^->' | sort -u; readlink -f "$NODE_INIT"; } | while read -r source; do
        # One without says so and ends with an error.
        ldd "$source" 2>/dev/null || true
    done >"$WORK/libraries"
    awk '/=> not found/ {print $1}' "$WORK/libraries" | sort -u >"$WORK/lost"
    while read -r library; do MISSING+=("the library $library"); done <"$WORK/lost"
    awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\// {print $1}' "$WORK/libraries" | sort -u >"$WORK/found"
    # Name services were libraries of their own in older versions of the C library.
    sed -n 's,/libc\.so\.6$,,p' "$WORK/found" | while read -r source; do
        find "$source/" -maxdepth 1 -name 'libnss_files.so.2' -o -maxdepth 1 -name 'libnss_dns.so.2'
    done >"$WORK/names"
    while read -r library; do add "$library" "$library"; done < <(cat "$WORK/found" "$WORK/names")
}

authorities() {
    local file
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
        if [ -s "$file" ]; then
            add "$file" /etc/ssl/certs/ca-certificates.crt
            return 0
        fi
    done
    MISSING+=("certificates of authorities (package ca-certificates)")
}

collect() {
    local file
    program dockerd docker.io
    program containerd containerd
    program containerd-shim-runc-v2 containerd
    program runc runc
    program docker-init docker.io tini-static tini
    program docker-proxy docker.io
    # For the services of the node's cluster.
    program nft nftables
    program conntrack conntrack
    # For `docker top`, and for images that were packed with it; a node lives without.
    for file in ps xz; do
        ! file=$(locate "$file") || add "$file" "/usr/bin/$(basename "$file")"
    done
    filters
    authorities
    [ -z "$KUBERNETES" ] || collect_kubernetes "$KUBERNETES"
    libraries
    if [ ${#MISSING[@]} -gt 0 ]; then
        say "the node image cannot be made, this machine lacks:"
        for file in "${MISSING[@]}"; do say "  $file"; done
        exit 3
    fi
    LC_ALL=C sort -u -o "$FILES" "$FILES"
}

# --- the image ------------------------------------------------------------------------------------------

# The folders that all systems have; /bin and the like are one with those in /usr, as everywhere.
skeleton() {
    local root=$1 folder
    mkdir -p "$root"/{dev,etc/docker,etc/jeroboam/tls,opt,proc,root,run,sys,tmp} \
        "$root"/usr/{bin,lib,lib64,libexec,sbin} "$root"/var/lib/{docker,jeroboam}
    for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "$root/$folder"; done
    ln -s ../run "$root/var/run"
    chmod 1777 "$root/tmp"
    printf 'root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
    printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
    printf 'ID=jeroboam-node\nNAME="Jeroboam node"\nPRETTY_NAME="Jeroboam node"\n' >"$root/usr/lib/os-release"
    ln -s ../usr/lib/os-release "$root/etc/os-release"
}

fill() {
    local root=$1 source destination
    while IFS=$'\t' read -r source destination; do
        # Whatever is in /lib is in /usr/lib, by the links above.
        case "$destination" in /lib/* | /lib64/*) destination=/usr$destination ;; esac
        mkdir -p "$root$(dirname "$destination")"
        case "$source" in
            -\>*) ln -s "${source#->}" "$root$destination" ;;
            *.crt | *.so | *.so.* | *.tar | *.yaml | *.yml | *.json) install -m 0644 "$source" "$root$destination" ;;
            *) install -m 0755 "$source" "$root$destination" ;;
        esac
    done <"$FILES"
    # The loader of programs is one itself.
    find "$root/usr/lib" "$root/usr/lib64" -name 'ld-*.so*' -exec chmod 0755 {} +
}

# layer ROOT: prints the digest of a layer made of it.
layer() {
    local digest
    plain_tar "$WORK/layer.tar" "$1" .
    digest=$(sha256sum "$WORK/layer.tar" | cut -d' ' -f1)
    mkdir -p "$WORK/image/$digest"
    mv "$WORK/layer.tar" "$WORK/image/$digest/layer.tar"
    echo "$digest"
}

write() {
    local engine own config
    mkdir -p "$WORK"/{engine,own/usr/sbin,image}
    skeleton "$WORK/engine"
    [ -z "$KUBERNETES" ] || kubernetes_skeleton "$WORK/engine"
    fill "$WORK/engine"
    install -m 0755 "$NODE_INIT" "$WORK/own/usr/sbin/node-init"
    # Two layers: another node-init leaves the large one as it is, wherever that is already.
    engine=$(layer "$WORK/engine")
    own=$(layer "$WORK/own")
    jq -n --arg engine "sha256:$engine" --arg own "sha256:$own" --arg architecture "$(oci_architecture)" '{
        architecture: $architecture, os: "linux", created: "2026-01-01T00:00:00Z",
        config: {
            Entrypoint: ["/sbin/node-init"], StopSignal: "SIGTERM",
            Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            ExposedPorts: {"2376/tcp": {}}, Volumes: {"/var/lib/docker": {}}
        },
        rootfs: {type: "layers", diff_ids: [$engine, $own]},
        history: [{created: "2026-01-01T00:00:00Z", created_by: "engine"}, {created: "2026-01-01T00:00:00Z", created_by: "node-init"}]
    }' >"$WORK/image/config.json"
    config=$(sha256sum "$WORK/image/config.json" | cut -d' ' -f1)
    mv "$WORK/image/config.json" "$WORK/image/$config.json"
    # Without a name: whoever loads it gives it one, and takes none from another image.
    jq -n --arg config "$config.json" --arg engine "$engine/layer.tar" --arg own "$own/layer.tar" \
        '[{Config: $config, RepoTags: null, Layers: [$engine, $own]}]' >"$WORK/image/manifest.json"
    plain_tar "$FILE.new" "$WORK/image" manifest.json "$config.json" "$engine" "$own"
}

# What the image is made of, so that it is made again only when that differs.
inputs() {
    sha256sum "$NODE_INIT" "${BASH_SOURCE[0]}" "$HERE/image.sh" "$HERE/kubernetes-image.sh" | cut -d' ' -f1
    cat "$FILES"
    cut -f1 "$FILES" | grep -v '^->' | xargs stat -c '%n %s %Y'
}

collect
inputs >"$WORK/inputs"
if [ -s "$FILE" ] && cmp -s "$WORK/inputs" "$FILE.inputs"; then exit 0; fi
say "making the node image"
write
# Should this be cut off in between, the next run makes it again.
rm -f "$FILE.inputs"
mv "$FILE.new" "$FILE"
mv "$WORK/inputs" "$FILE.inputs"
