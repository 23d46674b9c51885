#!/bin/sh
# Builds javascript.wasm: QuickJS and javascript.c in one module.
#
#   javascript.sh OUT.wasm
#
# It needs clang-19, lld-19, wasi-libc and libclang-rt-19-dev-wasm32 of Debian
# (CLANG chooses another clang), and cargo, which fetches the sources of QuickJS.
set -eu
out=$(realpath "${1:?usage: javascript.sh OUT.wasm}")
cd "$(dirname "$0")/.."
here=$PWD work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
cargo init --quiet --lib --name sources
cargo add --quiet rquickjs-sys@=0.14.0
cargo vendor --quiet >/dev/null
quickjs=vendor/rquickjs-sys/quickjs

"${CLANG:-clang-19}" --target=wasm32-wasi -mexec-model=reactor -O2 -DNDEBUG -w \
    -Wl,-s -Wl,--stack-first -Wl,-z,stack-size=1048576 -I"$here" -I"$quickjs" -o "$out" \
    "$here/examples/javascript.c" "$quickjs/quickjs.c" "$quickjs/libregexp.c" "$quickjs/libunicode.c" "$quickjs/dtoa.c"
