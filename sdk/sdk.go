// Package sdk holds the sources of the SDKs, for weir new to put them into
// projects.
package sdk

import "embed"

// Files has a folder a language. Of what is in them, a project needs what is
// built; tests of the SDK itself are there too where the language keeps them
// beside the sources.
//
//go:embed go/weir go/internal rust/Cargo.toml rust/README.md rust/src
//go:embed assemblyscript/package.json assemblyscript/index.ts assemblyscript/exports.ts assemblyscript/assembly assemblyscript/testing
//go:embed c/weir.h c/weir_test.h c/weir.c c/weir.zig
var Files embed.FS
