package section

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var magic = []byte("\x00asm\x01\x00\x00\x00")

// checkMagic tells a core module from what people give instead.
func checkMagic(file []byte) error {
	if bytes.HasPrefix(file, magic) {
		return nil
	}
	const build = "build a core WebAssembly module (Go: GOOS=wasip1 GOARCH=wasm -buildmode=c-shared, Rust: a cdylib)"
	switch {
	case len(file) == 0:
		return errors.New("the file is empty; copy or build the module again")
	case bytes.HasPrefix(magic, file):
		return fmt.Errorf("truncated: the file ends after %d bytes, within the module's head; copy or build the module again", len(file))
	case bytes.HasPrefix(file, []byte("\x00asm\x0d\x00\x01\x00")):
		return fmt.Errorf("a WebAssembly component, not a core module; %s", build)
	case bytes.HasPrefix(file, magic[:4]) && len(file) >= len(magic):
		return fmt.Errorf("WebAssembly binary version %d, only version 1 can be run; %s", binary.LittleEndian.Uint32(file[4:]), build)
	case bytes.HasPrefix(file, []byte("\x7fELF")), bytes.HasPrefix(file, []byte("MZ")),
		bytes.HasPrefix(file, []byte("\xcf\xfa\xed\xfe")):
		return fmt.Errorf("a native executable or library, not WebAssembly; %s", build)
	case bytes.HasPrefix(file, []byte("\x1f\x8b")), bytes.HasPrefix(file, []byte("PK\x03\x04")),
		bytes.HasPrefix(file, []byte("\x28\xb5\x2f\xfd")):
		return errors.New("a compressed file, not WebAssembly; unpack it and name the .wasm file inside")
	case bytes.HasPrefix(file, []byte("version https://git-lfs")):
		return errors.New("a Git LFS pointer, not the module; run git lfs pull")
	case bytes.HasPrefix(bytes.TrimSpace(file), []byte("(module")), bytes.HasPrefix(bytes.TrimSpace(file), []byte("(component")):
		return errors.New("WebAssembly text, not a binary; translate it with wat2wasm or wasm-tools parse")
	}
	begin := file[:min(len(file), 16)]
	if utf8.Valid(begin) && !bytes.ContainsRune(begin, 0) {
		return fmt.Errorf("a text file, not WebAssembly: it begins %q; %s", strings.TrimSpace(string(begin)), build)
	}
	return fmt.Errorf("not WebAssembly: it begins %x, not %x; %s", begin, magic, build)
}
