#!/usr/bin/env bash
# Makes everything that a release has, in target/release: static binaries in
# archives, deb and rpm packages, a bill of materials, and the sums of all.
#
#   host/release/build.sh [ARCH...]    default: amd64 arm64
#   host/release/build.sh --check      makes it twice, in two folders, and compares
#
# The same commit gives the same files, byte for byte: sources are a clone, paths
# are trimmed, and all times are that of the commit.
set -euo pipefail
cd "$(dirname "$0")/../.."

NFPM=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0
BOM=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

# archive FILE FOLDER: packs a folder without a trace of who did it, and when.
archive() {
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$(dirname "$2")" -cf - "$(basename "$2")" | gzip -9n >"$1"
}

# tool PACKAGE ARGS...: runs a tool of Go's registry, which is built for this machine.
tool() { GOOS= GOARCH= CGO_ENABLED=0 GOFLAGS=-mod=mod go run "$@"; }

# release OUT ARCH...: from the sources in the working directory.
release() {
  local out=$1 arch dir
  shift
  rm -rf "$out" && mkdir -p "$out"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
  VERSION=$(git describe --tags --match 'v[0-9]*' 2>/dev/null || git log -1 --date=format:%Y%m%d%H%M%S --format=v0.0.0-%cd-%h)
  export SOURCE_DATE_EPOCH CGO_ENABLED=0 GOFLAGS=-trimpath
  go build -o "$out/own/weir" ./host/cmd/weir
  "$out/own/weir" man "$out/own/man"
  mkdir -p "$out/own/completions"
  "$out/own/weir" completion bash >"$out/own/completions/weir.bash"
  "$out/own/weir" completion zsh >"$out/own/completions/_weir"
  "$out/own/weir" completion fish >"$out/own/completions/weir.fish"
  gzip -9n "$out"/own/man/*
  for arch; do
    dir=$out/weir-$VERSION-linux-$arch
    mkdir "$dir"
    GOARCH=$arch go build -ldflags '-s -w' -o "$dir/weir" ./host/cmd/weir
    cp -r "$out/own/man" "$out/own/completions" "$dir"
    cp README.md CHANGELOG.md host/release/systemd/weir.service "$dir"
    archive "$dir.tar.gz" "$dir"
    sed "s|\${ARCH}|$arch|; s|\${VERSION}|$VERSION|; s|\${DIST}|$dir|" host/release/nfpm.yaml >"$out/nfpm.yaml"
    tool "$NFPM" package --config "$out/nfpm.yaml" --packager deb --target "$out/"
    tool "$NFPM" package --config "$out/nfpm.yaml" --packager rpm --target "$out/"
    tool "$BOM" bin -json -noserial -notimestamp -output "$out/weir-$VERSION-linux-$arch.cdx.json" "$dir/weir"
    rm -r "$dir" "$out/nfpm.yaml"
  done
  rm -r "$out/own"
  (cd "$out" && sha256sum -- * >SHA256SUMS)
}

# from DIR ARCH...: a release of the commit, made in a clone in DIR.
from() {
  rm -rf "$1" && git clone -q . "$1"
  (cd "$1" && shift && release "$PWD/target/release" "$@")
}

check=
[ "${1:-}" != --check ] || { check=yes && shift; }
[ $# -gt 0 ] || set -- amd64 arm64
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from "$work/one" "$@"
if [ $check ]; then
  from "$work/elsewhere/two" "$@"
  diff "$work/one/target/release/SHA256SUMS" "$work/elsewhere/two/target/release/SHA256SUMS" ||
    { echo "two builds of one commit differ" >&2; exit 1; }
fi
rm -rf target/release && mkdir -p target
mv "$work/one/target/release" target/release
echo "made in target/release:"
(cd target/release && cat SHA256SUMS)
