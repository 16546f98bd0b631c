#!/usr/bin/env bash
# Builds Kubernetes for the end-to-end tests, as an operator would bring it, and prints the folder: there is
# no package of it, but Debian has its source, with all that it needs, and a compiler. Takes some 15
# minutes and 4 GB the first time; what was built stays in the cache.
#
#   devstack/kubernetes.sh            builds it where it is not cached
#   devstack/kubernetes.sh --cached   prints where it is, or ends with 3
#
# JEROBOAM_DEBIAN_MIRROR names another mirror than http://deb.debian.org/debian.
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=devstack/lib/common.sh
. "$TOP/devstack/lib/common.sh"
# shellcheck source=devstack/lib/packages.sh
. "$TOP/devstack/lib/packages.sh"
# shellcheck source=devstack/lib/image.sh
. "$TOP/devstack/lib/image.sh"
# shellcheck source=devstack/lib/kubernetes-image.sh
. "$TOP/devstack/lib/kubernetes-image.sh"

SUITE=bookworm
VERSION=1.20.2
FOLDER=${XDG_CACHE_HOME:-$HOME/.cache}/jeroboam-kubernetes/$VERSION
MIRROR=${JEROBOAM_DEBIAN_MIRROR:-http://deb.debian.org/debian}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

# The archive of images is what is made last.
built() { [ -e "$FOLDER/images/pause.tar" ] && have etcd && [ -x /usr/lib/cni/ptp ]; }

case "${1:-}" in
    '') ;;
    --cached) built || exit 3 ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
if built; then
    echo "$FOLDER"
    exit
fi

ensure_packages golang-go gcc libc6-dev etcd-server containernetworking-plugins dpkg-dev jq >&2
[ -e "$KEYS" ] || die "the keys of Debian's archive are not in $KEYS" "Install debian-archive-keyring."

WORK=$(mktemp -d "${TMPDIR:-/tmp}/jeroboam-kubernetes.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$FOLDER/images" "$WORK/lists/partial" "$WORK/archives/partial"
echo "deb-src [signed-by=$KEYS] $MIRROR $SUITE main" >"$WORK/sources.list"
# Lists of its own: those of the system stay as they are.
cat >"$WORK/apt.conf" <<END
Dir::Etc::SourceList "$WORK/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$WORK/lists";
Dir::Cache "$WORK";
APT::Sandbox::User "";
END
export APT_CONFIG=$WORK/apt.conf
say "fetching the source of kubernetes $VERSION from $MIRROR"
cd "$WORK"
apt-get -qq update >&2
apt-get -qq source "kubernetes" >&2
cd kubernetes-*"$VERSION"*/ 2>/dev/null || die "Debian's source is no longer of kubernetes $VERSION" \
    "Change VERSION in $0 to what is in $SUITE."

# It is laid out for the compilers of its time, which found sources by their place.
mkdir -p .go/src/k8s.io
ln -s ../../.. .go/src/k8s.io/kubernetes
export GOPATH=$PWD/.go GOCACHE=$WORK/gocache GO111MODULE=off CGO_ENABLED=0 GOFLAGS=
cd .go/src/k8s.io/kubernetes
OWN=k8s.io/kubernetes

# What is said of its types is generated, and not in the archive.
say "generating what is said of its types"
go build -o "$WORK/openapi-gen" "$OWN/vendor/k8s.io/kube-openapi/cmd/openapi-gen" >&2
TYPES=$(grep -rl --include=*.go '+k8s:openapi-gen=' pkg staging/src/k8s.io |
    grep -v '_test.go\|zz_generated\|code-generator\|sample-\|/example' | xargs -n1 dirname | LC_ALL=C sort -u |
    sed "s,^staging/src/,$OWN/vendor/,; s,^pkg/,$OWN/pkg/," | paste -sd,)
"$WORK/openapi-gen" --logtostderr -i "$TYPES" -p "$OWN/pkg/generated/openapi" -O zz_generated.openapi \
    -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$WORK/violations" -o "$GOPATH/src" >&2

FLAGS="-s -w"
for package in component-base/version client-go/pkg/version; do
    package=$OWN/vendor/k8s.io/$package
    FLAGS+=" -X $package.gitVersion=v$VERSION -X $package.gitMajor=1 -X $package.gitMinor=20"
done
for program in "${KUBERNETES_PROGRAMS[@]}"; do
    say "building $program"
    go build -ldflags "$FLAGS" -o "$WORK/$program" "$OWN/cmd/$program" >&2
    mv "$WORK/$program" "$FOLDER/$program"
done

say "making the image that holds a pod's network"
mkdir -p "$WORK/pause"
gcc -Os -static -DVERSION=v$VERSION -o "$WORK/pause/pause" build/pause/linux/pause.c
one_layer_image "$WORK/pause.tar" "$WORK/pause" jeroboam.local/pause:1 '{"Entrypoint": ["/pause"]}'
mv "$WORK/pause.tar" "$FOLDER/images/pause.tar"
echo "$FOLDER"
