package wasmtest

const (
	opLoop  = 0x03
	opBlock = 0x02
	opIf    = 0x04
	opEnd   = 0x0b
	opVoid  = 0x40
)

// Instructions without operands.
var (
	Unreachable = []byte{0x00}
	Return      = []byte{0x0f}
	Drop        = []byte{0x1a}
	MemorySize  = []byte{0x3f, 0x00}
	MemoryGrow  = []byte{0x40, 0x00}
	Eq          = []byte{0x46}
	Ne          = []byte{0x47}
	LtU         = []byte{0x49}
	GeU         = []byte{0x4f}
	Add         = []byte{0x6a}
	Sub         = []byte{0x6b}
	Mul         = []byte{0x6c}
	DivU        = []byte{0x6e}
	Or          = []byte{0x72}
	Or64        = []byte{0x84}
	Shl64       = []byte{0x86}
	Extend      = []byte{0xad} // i32 to i64, unsigned
	MemoryCopy  = []byte{0xfc, 0x0a, 0x00, 0x00}
	MemoryFill  = []byte{0xfc, 0x0b, 0x00}
	TableGrow   = []byte{0xfc, 0x0f, 0x00}
	NullFunc    = []byte{0xd0, 0x70} // a null reference
)

// I32 pushes a constant.
func I32(v int32) []byte { return join([]byte{0x41}, sleb(int64(v))) }

// I64 pushes a constant.
func I64(v int64) []byte { return join([]byte{0x42}, sleb(v)) }

// Get pushes a local, Set pops into one.
func Get(local uint32) []byte { return join([]byte{0x20}, uleb(uint64(local))) }

// Set pops into a local.
func Set(local uint32) []byte { return join([]byte{0x21}, uleb(uint64(local))) }

// Call calls a function.
func Call(fn uint32) []byte { return join([]byte{0x10}, uleb(uint64(fn))) }

// Load pops an address and pushes the i32 at an offset from it.
func Load(offset uint32) []byte { return join([]byte{0x28, 0}, uleb(uint64(offset))) }

// Load8 pushes a byte.
func Load8(offset uint32) []byte { return join([]byte{0x2d, 0}, uleb(uint64(offset))) }

// Store pops a value and an address below it.
func Store(offset uint32) []byte { return join([]byte{0x36, 0}, uleb(uint64(offset))) }

// Store8 stores a byte.
func Store8(offset uint32) []byte { return join([]byte{0x3a, 0}, uleb(uint64(offset))) }

// Store64 stores an i64.
func Store64(offset uint32) []byte { return join([]byte{0x37, 0}, uleb(uint64(offset))) }

// If runs code when the condition on the stack is not 0.
func If(code ...[]byte) []byte { return join([]byte{opIf, opVoid}, join(code...), []byte{opEnd}) }

// Forever runs code again and again; code leaves it by Return or Break.
func Forever(code ...[]byte) []byte {
	return join([]byte{opBlock, opVoid, opLoop, opVoid}, join(code...), []byte{0x0c, 0, opEnd, opEnd})
}

// BreakIf, directly within Forever, leaves it when the condition on the stack
// is not 0.
func BreakIf() []byte { return []byte{0x0d, 1} }

// Code joins instructions.
func Code(code ...[]byte) []byte { return join(code...) }

// Each runs code with local index counting from 0 up to local count.
func Each(index, count uint32, code ...[]byte) []byte {
	return Code(I32(0), Set(index), Forever(
		Get(index), Get(count), GeU, BreakIf(),
		join(code...),
		Get(index), I32(1), Add, Set(index)))
}
