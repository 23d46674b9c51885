package wasm

import "cmp"

// Bounds are what the code of a module is made for. Zero values mean the
// defaults given.
type Bounds struct {
	// Pages is the most memory of an instance. Default that of the runtime.
	Pages uint32
	// TableElements is the most elements of each of its tables, of 8 bytes each.
	// Default 1,048,576.
	TableElements uint32
	// CallDepth is how deep calls may nest, as package meter counts them. Default
	// 10,000.
	CallDepth uint32
	// Size is the most bytes of the module's file. Default 32 MiB.
	Size int
	// Withheld are the capabilities that the module may not ask for. Default none.
	Withheld Withheld
}

// DefaultBounds are what the zero values of Bounds mean.
var DefaultBounds = Bounds{
	Pages:         DefaultPages,
	TableElements: 1 << 20,
	CallDepth:     10_000,
	Size:          32 << 20,
}

// orDefaults fills in what is zero.
func (b Bounds) orDefaults() Bounds {
	b.Pages = cmp.Or(b.Pages, DefaultBounds.Pages)
	b.TableElements = cmp.Or(b.TableElements, DefaultBounds.TableElements)
	b.CallDepth = cmp.Or(b.CallDepth, DefaultBounds.CallDepth)
	b.Size = cmp.Or(b.Size, DefaultBounds.Size)
	return b
}
