#!/bin/sh
# Builds the Rust guests that are committed as .wasm: the plugins and the
# guests of the conformance kit and of the benchmarks.
#
#   plugins/build.sh           build them, and record what they were built from
#   plugins/build.sh --check   build them elsewhere and compare byte for byte
#
# rustc is called directly, from the root of the repository and with relative
# paths, because cargo mixes the absolute path of a crate into what it builds:
# so the same sources and the same rustc give the same bytes on every machine.
# The flags are those of the release profile in plugins/Cargo.toml: for speed in
# the SDK, where JSON is read, and for size in the guests. weir build then puts
# the plugin's manifest, and its test cases if it has any, into the module.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
guests="$(dirname plugins/*/plugin.yaml) sdk/conformance/guests/rust host/internal/bench/guests/rust"

check=
case "${1-}" in
    '') ;;
    --check) check=yes ;;
    *) echo "usage: plugins/build.sh [--check]" >&2; exit 2 ;;
esac

command -v rustc >/dev/null || { echo "plugins/build.sh: no rustc: install Rust from https://rustup.rs" >&2; exit 1; }
if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    rustup target add "$target"
fi
command -v go >/dev/null || { echo "plugins/build.sh: no go: install Go from https://go.dev/dl" >&2; exit 1; }
version=$(rustc --version)
version=${version#rustc }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() {
    rustc --edition 2021 --target "$target" -C codegen-units=1 -C panic=abort -C strip=symbols \
        --remap-path-prefix "$PWD=." "$@"
}

# library NAME FOLDER SOURCE FLAGS
library() {
    mkdir -p "$work/$2"
    compile --crate-type rlib --crate-name "$1" -L "$work/$2" -o "$work/$2/lib$1.rlib" "$3" $4
}

# The hash of a guest's sources: of the list that sha256sum makes of them.
source_hash() {
    about=
    for file in "$1/plugin.yaml" "$1/tests.yaml"; do
        if [ -f "$file" ]; then about="$about $file"; fi
    done
    find "$1/src" "$1/Cargo.toml" $about sdk/rust/src sdk/rust/Cargo.toml plugins/common/src plugins/Cargo.toml \
        plugins/build.sh -type f | sort | xargs sha256sum | sha256sum | cut -d' ' -f1
}

# The SDK for the plugins, without std, and for the conformance guest, with it.
library weir_processor small sdk/rust/src/lib.rs '-C opt-level=3 --cfg feature="runtime"'
library common small plugins/common/src/lib.rs '-C opt-level=s --extern weir_processor'
library weir_processor std sdk/rust/src/lib.rs '-C opt-level=3 --cfg feature="std"'

go build -o "$work/weir" ./host/cmd/weir

stale=
for dir in $guests; do
    name=$(basename "$dir")
    recorded=$(sed -n 's/^rustc //p' "$dir/$name.sum" 2>/dev/null || true)
    if [ -n "$check" ] && [ "$recorded" != "$version" ]; then
        echo "plugins/build.sh: $dir was built by rustc $recorded, this is $version: compare with that one, or run make guests" >&2
        exit 1
    fi
    case "$dir" in
        plugins/*) flags="-C opt-level=s -L $work/small --extern weir_processor --extern common" ;;
        *) flags="-C opt-level=3 -L $work/std --extern weir_processor" ;;
    esac
    compile --crate-name "$(echo "$name" | tr - _)" --crate-type cdylib -C lto=fat \
        $flags -o "$work/$name.wasm" "$dir/src/lib.rs"
    if [ -f "$dir/plugin.yaml" ]; then
        "$work/weir" build "$dir" --module "$work/$name.wasm" --out "$work/$name.wasm" --cache-dir off >/dev/null
    fi
    if [ -z "$check" ]; then
        mv "$work/$name.wasm" "$dir/$name.wasm"
        chmod 644 "$dir/$name.wasm"
        {
            echo "source $(source_hash "$dir")"
            echo "wasm $(sha256sum <"$dir/$name.wasm" | cut -d' ' -f1)"
            echo "rustc $version"
        } >"$dir/$name.sum"
        echo "$dir/$name.wasm $(wc -c <"$dir/$name.wasm") bytes"
    elif ! cmp "$work/$name.wasm" "$dir/$name.wasm"; then
        stale="$stale $dir"
    fi
done

if [ -n "$stale" ]; then
    echo "plugins/build.sh: not what the sources give:$stale: run make guests and commit the result" >&2
    exit 1
fi
