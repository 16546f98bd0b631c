# shellcheck shell=bash disable=SC2034 # read by the scripts that source this
# What makes a node image one of Kubernetes: programs that the operator brings. Sourced by node-image.sh.

# Of Kubernetes itself, in the operator's folder.
KUBERNETES_PROGRAMS=(kubelet kube-proxy kube-apiserver kube-controller-manager kube-scheduler kubectl)
# Of https://github.com/containernetworking/plugins, where distributions put them or in the folder.
NETWORK_PLUGINS=(host-local loopback portmap ptp)

# Adds all of it, from a folder with the programs, images/*.tar (`docker save`; one of the images is named
# jeroboam.local/pause:1, and holds a pod's network) and, if there are any, addons/*.yaml (manifests for
# every new cluster, name service among them).
collect_kubernetes() {
    local folder=$1 name file kind
    for name in "${KUBERNETES_PROGRAMS[@]}"; do
        if [ -x "$folder/$name" ]; then
            add "$folder/$name" "/usr/bin/$name"
        else
            MISSING+=("$name (in $folder)")
        fi
    done
    if [ -x "$folder/etcd" ]; then add "$folder/etcd" /usr/bin/etcd; else program etcd etcd-server; fi
    program ctr containerd
    # Volumes of pods.
    program mount mount
    program umount mount
    for name in "${NETWORK_PLUGINS[@]}"; do
        for file in "$folder/cni/$name" /opt/cni/bin/"$name" /usr/lib/cni/"$name" ''; do
            [ ! -x "$file" ] || break
        done
        if [ -n "$file" ]; then add "$file" "/usr/lib/cni/$name"; else MISSING+=("$name (package containernetworking-plugins)"); fi
    done
    [ -n "$(compgen -G "$folder/images/*.tar")" ] || MISSING+=("an image of jeroboam.local/pause:1 (in $folder/images)")
    for kind in images addons; do
        for file in "$folder/$kind"/*; do
            [ ! -f "$file" ] || add "$file" "/usr/share/jeroboam/kubernetes/$kind/$(basename "$file")"
        done
    done
}

# Folders that its programs write to, each over one of the node's volume.
kubernetes_skeleton() {
    mkdir -p "$1"/var/lib/{kubelet,cni} "$1"/var/log "$1"/etc/jeroboam/kubernetes
}
