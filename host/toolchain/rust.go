package toolchain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const rustTarget = "wasm32-unknown-unknown"

// buildRust builds the project's cdylib. Paths of the machine, which panics
// would show, are replaced, so that another folder gives the same module.
func buildRust(ctx context.Context, p *project) error {
	cargo := p.env.look("cargo")
	if cargo == "" {
		return missing("cargo is not in PATH", "install Rust from https://rustup.rs, then run rustup target add "+rustTarget)
	}
	if err := p.checkRustTarget(ctx); err != nil {
		return err
	}
	dir, err := filepath.EvalSymlinks(p.Dir)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	home := p.env.get("CARGO_HOME")
	if home == "" {
		home = filepath.Join(p.env.get("HOME"), ".cargo")
	}
	flags := []string{"--remap-path-prefix=" + home + "=/cargo", "--remap-path-prefix=" + dir + "=."}
	if own := p.env.get("CARGO_ENCODED_RUSTFLAGS"); own != "" {
		flags = append(strings.Split(own, "\x1f"), flags...)
	} else if own := p.env.get("RUSTFLAGS"); own != "" {
		flags = append(strings.Fields(own), flags...)
	}
	cmd := command{args: []string{cargo, "build", "--release", "--target", rustTarget, "--message-format=json-render-diagnostics"}}
	quiet := *p
	quiet.Environ = append(slices.Clone(p.Environ), "CARGO_ENCODED_RUSTFLAGS="+strings.Join(flags, "\x1f"))
	messages, err := quiet.output(ctx, cmd)
	if err != nil {
		return err
	}
	built, err := artefact(messages, filepath.Join(dir, "Cargo.toml"))
	if err != nil {
		return err
	}
	module, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	return os.WriteFile(p.out, module, 0o600)
}

// checkRustTarget looks whether the standard library is there for the target.
func (p *project) checkRustTarget(ctx context.Context) error {
	rustc := p.env.look("rustc")
	if rustc == "" {
		return missing("rustc is not in PATH", "install Rust from https://rustup.rs, then run rustup target add "+rustTarget)
	}
	silent := *p
	silent.Command = nil
	root, err := silent.output(ctx, command{args: []string{rustc, "--print", "sysroot"}})
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(strings.TrimSpace(string(root)), "lib", "rustlib", rustTarget)); err != nil {
		return missing("Rust has no target "+rustTarget, "run rustup target add "+rustTarget)
	}
	return nil
}

// artefact finds the module in what cargo tells of the things that it made.
func artefact(messages []byte, manifest string) (string, error) {
	var found string
	for line := range bytes.Lines(messages) {
		var m struct {
			Reason       string   `json:"reason"`
			ManifestPath string   `json:"manifest_path"`
			Filenames    []string `json:"filenames"`
		}
		if err := json.Unmarshal(line, &m); err != nil {
			continue // what build scripts write
		}
		for _, file := range m.Filenames {
			if m.Reason == "compiler-artifact" && filepath.Ext(file) == ".wasm" && (found == "" || m.ManifestPath == manifest) {
				found = file
			}
		}
	}
	if found == "" {
		return "", fmt.Errorf("%w: cargo made no module; write crate-type = [\"cdylib\"] under [lib] in Cargo.toml", ErrBuild)
	}
	return found, nil
}
