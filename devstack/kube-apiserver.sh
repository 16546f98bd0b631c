#!/usr/bin/env bash
# Builds kube-apiserver for the end-to-end tests of adopted clusters, and prints where it is. There is no
# package of it: Debian has its source, with all that it needs, a compiler and etcd. Takes some minutes
# and 2.5 GB the first time; what was built stays in the cache.
#
#   devstack/kube-apiserver.sh            builds it where it is not cached
#   devstack/kube-apiserver.sh --cached   prints where it is, or ends with 3
#
# JEROBOAM_DEBIAN_MIRROR names another mirror than http://deb.debian.org/debian.
set -euo pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=devstack/lib/common.sh
. "$TOP/devstack/lib/common.sh"
# shellcheck source=devstack/lib/packages.sh
. "$TOP/devstack/lib/packages.sh"

SUITE=bookworm
VERSION=1.20
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/jeroboam-kubernetes
PROGRAM=$CACHE/kube-apiserver-$VERSION
MIRROR=${JEROBOAM_DEBIAN_MIRROR:-http://deb.debian.org/debian}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

case "${1:-}" in
    '') ;;
    --cached) if [ ! -x "$PROGRAM" ] || ! have etcd; then exit 3; fi ;;
    *)
        sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
if [ -x "$PROGRAM" ] && have etcd; then
    echo "$PROGRAM"
    exit
fi

ensure_packages golang-go etcd-server dpkg-dev >&2
[ -e "$KEYS" ] || die "the keys of Debian's archive are not in $KEYS" "Install debian-archive-keyring."

WORK=$(mktemp -d "${TMPDIR:-/tmp}/jeroboam-kubernetes.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$CACHE" "$WORK/lists/partial" "$WORK/archives/partial"
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
cd kubernetes-"$VERSION"*/

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

say "building kube-apiserver"
go build -ldflags "-s -w" -o "$WORK/kube-apiserver" "$OWN/cmd/kube-apiserver" >&2
mv "$WORK/kube-apiserver" "$PROGRAM"
echo "$PROGRAM"
