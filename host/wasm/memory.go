package wasm

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/weirhq/weir/host/abi"
)

// Account pays for the memory of instances, which may be less than they ask for.
type Account interface {
	// Grow books n bytes more. Its error says why there are no more.
	Grow(n uint64) error
	// Shrink gives n bytes back.
	Shrink(n uint64)
}

// memory is what an instance has on its account.
type memory struct {
	account Account // nil for none
	limit   uint64  // of the instance, in bytes
	booked  uint64
	refused error // the last time that there was no more
	data    []byte
}

var _ experimental.LinearMemory = (*memory)(nil)

// begin books what a module begins with, since the engine cannot be told no
// there, and makes the engine ask for more.
func (m *memory) begin(ctx context.Context, compiled wazero.CompiledModule) (context.Context, error) {
	if m.account == nil {
		return ctx, nil
	}
	if err := m.grow(uint64(compiled.ExportedMemories()[abi.ExportMemory].Min()) * PageSize); err != nil {
		return ctx, err
	}
	return experimental.WithMemoryAllocator(ctx, m), nil
}

func (m *memory) grow(size uint64) error {
	if size <= m.booked {
		return nil
	}
	if err := m.account.Grow(size - m.booked); err != nil {
		m.refused = err
		return err
	}
	m.booked = size
	return nil
}

// end gives all of it back.
func (m *memory) end() {
	if m.account != nil {
		m.account.Shrink(m.booked)
	}
	m.booked, m.data = 0, nil
}

// Allocate implements experimental.MemoryAllocator: an instance has one memory.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate implements experimental.LinearMemory. nil is a guest's memory.grow
// that fails.
func (m *memory) Reallocate(size uint64) []byte {
	if m.grow(size) != nil {
		return nil
	}
	if size > uint64(cap(m.data)) { // twice as much, so that growing by little copies little
		grown := make([]byte, size, min(max(size, 2*uint64(cap(m.data))), m.limit))
		copy(grown, m.data)
		m.data = grown
	}
	m.data = m.data[:size]
	return m.data
}

// Free implements experimental.LinearMemory. What it would do, end does, also for
// an instance that did not come to be.
func (m *memory) Free() {}
