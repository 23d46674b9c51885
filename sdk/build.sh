#!/bin/sh
# Builds the guests that are committed as .wasm and are not Rust: those of the
# conformance kit and of the benchmarks, and the examples without an SDK.
#
#   sdk/build.sh [LANGUAGE]...           build them, and record what they were built from
#   sdk/build.sh --check [LANGUAGE]...   build them elsewhere and compare byte for byte
#
# Languages are c, zig, assemblyscript and wat; without one, all. Compilers are
# taken from CLANG, ZIG, ASC and WAT2WASM if these are set. Paths are relative to
# the root of the repository: so the same sources and the same compiler give the
# same bytes on every machine.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

: "${CLANG:=clang-19}" "${ZIG:=zig}" "${ASC:=sdk/assemblyscript/node_modules/.bin/asc}" "${WAT2WASM:=wat2wasm}"

# Each has a folder for each language. Those of the benchmarks are built for
# speed.
guests="sdk/conformance/guests host/internal/bench/guests"

check=
if [ "${1-}" = --check ]; then
    check=yes
    shift
fi
[ $# -gt 0 ] || set -- c zig assemblyscript wat

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stale=

die() {
    echo "sdk/build.sh: $*" >&2
    exit 1
}

# tool COMMAND HOW: makes sure that a compiler is there, or says how to get it.
tool() {
    command -v "${1%% *}" >/dev/null || die "no ${1%% *}: $2"
}

# compiled MODULE VERSION SOURCE...: takes $work/out.wasm as the module, or
# compares it. MODULE.sum lists what it was made of, as sha256sum has it.
compiled() {
    module=$1 version=$2 sum=${1%.wasm}.sum
    shift 2
    if [ -n "$check" ]; then
        recorded=$(sed -n 's/^# //p' "$sum")
        [ "$recorded" = "$version" ] || die "$module was built by $recorded, this is $version: compare with that one, or run make guests"
        cmp "$work/out.wasm" "$module" || stale="$stale $module"
        return
    fi
    mv "$work/out.wasm" "$module"
    chmod 644 "$module"
    { echo "# $version"; sha256sum "$@" "$module"; } >"$sum"
    echo "$module $(wc -c <"$module") bytes"
}

# freestanding SOURCE [FLAG]...: C without any library, to $work/out.wasm. It is
# linked by a command of its own: clang, told to optimize, would have wasm-opt go
# over what it links where that is there, and not elsewhere.
freestanding() {
    $CLANG --target=wasm32 -std=c11 -O2 -Wall -Wextra -Werror -c -o "$work/out.o" "$@"
    $CLANG --target=wasm32 -nostdlib -Wl,--no-entry -Wl,-s -o "$work/out.wasm" "$work/out.o"
}

build_c() {
    tool "$CLANG" "apt-get install clang-19 lld-19, or set CLANG to a clang that has wasm-ld"
    make -s -C sdk/c weir.h
    version=$($CLANG --version | sed -n 1p)
    for guest in $guests; do
        freestanding -Isdk/c "$guest/c/main.c"
        compiled "$guest/c/c.wasm" "$version" sdk/c/weir.h "$guest/c/main.c"
    done
    freestanding -mbulk-memory examples/05-c-without-sdk/mask.c
    compiled examples/05-c-without-sdk/mask.wasm "$version" examples/05-c-without-sdk/mask.c
}

build_zig() {
    tool "$ZIG" "pip install ziglang==0.17.0, and set ZIG=python-zig"
    for guest in $guests; do
        main=$guest/zig/main.zig mode=ReleaseSmall
        [ "$guest" = sdk/conformance/guests ] || mode=ReleaseFast
        options="-target wasm32-freestanding -O $mode -fstrip"
        # A cache of its own: an old one could hide what has changed.
        $ZIG build-exe -fno-entry -rdynamic --cache-dir "$work/zig" -femit-bin="$work/out.wasm" \
            $options --dep weir -Mroot=$main $options -Isdk/c sdk/c/weir.c -Mweir=sdk/c/weir.zig
        compiled "$guest/zig/zig.wasm" "zig $($ZIG version)" sdk/c/weir.h sdk/c/weir.c sdk/c/weir.zig "$main"
    done
}

build_assemblyscript() {
    tool "$ASC" "npm ci --prefix sdk/assemblyscript, or set ASC"
    for guest in $guests; do
        main=$guest/assemblyscript/main.ts
        $ASC "$main" -o "$work/out.wasm" --runtime incremental -O3 --noAssert
        compiled "$guest/assemblyscript/assemblyscript.wasm" "asc $($ASC --version)" \
            sdk/assemblyscript/index.ts sdk/assemblyscript/exports.ts sdk/assemblyscript/assembly/*.ts "$main"
    done
}

build_wat() {
    tool "$WAT2WASM" "apt-get install wabt, or set WAT2WASM"
    $WAT2WASM examples/04-wat/heartbeat.wat -o "$work/out.wasm"
    compiled examples/04-wat/heartbeat.wasm "wat2wasm $($WAT2WASM --version)" examples/04-wat/heartbeat.wat
}

for language; do
    case "$language" in
        c | zig | assemblyscript | wat) "build_$language" ;;
        *) die "no guests in $language: languages are c, zig, assemblyscript, wat" ;;
    esac
done
[ -z "$stale" ] || die "not what the sources give:$stale: run make guests and commit the result"
