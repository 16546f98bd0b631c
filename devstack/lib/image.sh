# shellcheck shell=bash
# Small images in the form of `docker save`, made without an engine. Sourced.

# What a container of the image does: says a line, then lives until it is asked to end.
# shellcheck disable=SC2016 # it is the container's shell that expands
BUSYBOX_ENTRYPOINT='trap "exit 0" TERM INT; echo "Jeroboam: $(hostname) is up"; while :; do sleep 3600 & wait $!; done'

# busybox_image FILE [ENTRYPOINT_SCRIPT]: the same content makes the same bytes, so the same digests.
busybox_image() {
    local file=$1 script=${2:-$BUSYBOX_ENTRYPOINT} work busybox applet config
    busybox=$(command -v busybox) || die "busybox is missing" "Install busybox-static."
    work=$(mktemp -d)
    mkdir -p "$work"/root/{bin,dev,etc,home,proc,root,sbin,sys,tmp,usr/bin,usr/sbin,var}
    chmod -R 0755 "$work/root"
    chmod 1777 "$work/root/tmp"
    install -m 0755 "$busybox" "$work/root/bin/busybox"
    for applet in $(busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "$work/root/bin/$applet"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$work/root/etc/passwd"
    printf 'root:x:0:\n' >"$work/root/etc/group"
    chmod 0644 "$work"/root/etc/*
    config=$(jq -n --arg script "$script" \
        '{Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], Cmd: ["/bin/sh", "-c", $script]}')
    one_layer_image "$file" "$work/root" busybox:latest "$config"
    rm -rf "$work"
}

# one_layer_image FILE ROOT NAME CONFIG: the folder ROOT as an image; CONFIG is what OCI calls so, in JSON.
one_layer_image() {
    local file=$1 root=$2 name=$3 what=$4 image layer config
    image=$(mktemp -d)
    plain_tar "$image/layer.tar" "$root" .
    layer=$(sha256sum "$image/layer.tar" | cut -d' ' -f1)
    jq -n --arg layer "sha256:$layer" --argjson config "$what" --arg by "${name%%:*}" '{
        architecture: "'"$(oci_architecture)"'", os: "linux", created: "2026-01-01T00:00:00Z",
        config: $config, rootfs: {type: "layers", diff_ids: [$layer]},
        history: [{created: "2026-01-01T00:00:00Z", created_by: $by}]
    }' >"$image/config.json"
    config=$(sha256sum "$image/config.json" | cut -d' ' -f1)
    mkdir "$image/$layer"
    mv "$image/layer.tar" "$image/$layer/layer.tar"
    mv "$image/config.json" "$image/$config.json"
    jq -n --arg config "$config.json" --arg layer "$layer/layer.tar" --arg name "$name" \
        '[{Config: $config, RepoTags: [$name], Layers: [$layer]}]' >"$image/manifest.json"
    plain_tar "$file" "$image" manifest.json "$config.json" "$layer"
    rm -rf "$image"
}

# Without owners and times.
plain_tar() {
    local file=$1 folder=$2
    shift 2
    tar --create --file "$file" --directory "$folder" --sort=name --format=ustar --mtime=@1767225600 \
        --owner=0 --group=0 --numeric-owner "$@"
}

oci_architecture() {
    case "$(uname -m)" in
        x86_64) echo amd64 ;;
        aarch64) echo arm64 ;;
        *) uname -m ;;
    esac
}
