package wasm

import (
	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/wasm/section"
)

// MemoryLimit is the most memory of an instance, in bytes.
func (c Config) MemoryLimit() uint64 { return uint64(c.pages()) * PageSize }

func (c Config) pages() uint32 {
	if c.MemoryPages == 0 {
		return DefaultPages
	}
	return c.MemoryPages
}

// OfABI tells whether an export belongs to the ABI.
func OfABI(e section.Exported) bool {
	_, function := exportSignatures[e.Name]
	return function || e.Name == abi.ExportMemory
}

// Refuses tells whether an import is a function of WASI that there is, but that
// answers that it is not supported.
func Refuses(im section.Imported) bool {
	_, known := wasiSignatures[im.Name]
	_, does := served[im.Name]
	return im.Module == abi.WASI && known && !does && im.Name != "proc_exit"
}
