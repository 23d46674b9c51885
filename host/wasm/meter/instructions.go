package meter

// The instructions that the meter has to know by name. Those with a prefix
// have it in the high byte.
const (
	opUnreachable        = 0x00
	opNop                = 0x01
	opBlock              = 0x02
	opLoop               = 0x03
	opIf                 = 0x04
	opElse               = 0x05
	opEnd                = 0x0b
	opBr                 = 0x0c
	opBrIf               = 0x0d
	opBrTable            = 0x0e
	opReturn             = 0x0f
	opCall               = 0x10
	opCallIndirect       = 0x11
	opReturnCall         = 0x12
	opReturnCallIndirect = 0x13
	opDrop               = 0x1a
	opSelect             = 0x1b
	opLocalGet           = 0x20
	opLocalSet           = 0x21
	opLocalTee           = 0x22
	opGlobalGet          = 0x23
	opGlobalSet          = 0x24
	opMemorySize         = 0x3f
	opMemoryGrow         = 0x40
	opI32Const           = 0x41
	opI64Const           = 0x42
	opF64Const           = 0x44
	opI32LtU             = 0x49
	opI32GtU             = 0x4b
	opI64LtS             = 0x53
	opI64GtU             = 0x56
	opI32Add             = 0x6a
	opI32Sub             = 0x6b
	opI64Add             = 0x7c
	opI64Sub             = 0x7d
	opI64Or              = 0x84
	opI64Shl             = 0x86
	opI64ShrU            = 0x88
	opI64ExtendI32U      = 0xad
	opRefFunc            = 0xd2
	prefixBulk           = 0xfc
	prefixVector         = 0xfd
	opMemoryInit         = prefixBulk<<8 | 8
	opMemoryCopy         = prefixBulk<<8 | 10
	opMemoryFill         = prefixBulk<<8 | 11
	opTableInit          = prefixBulk<<8 | 12
	opTableCopy          = prefixBulk<<8 | 14
	opTableGrow          = prefixBulk<<8 | 15
	opTableFill          = prefixBulk<<8 | 17
	blockEmpty           = 0x40
)

// operands says what follows an instruction's code.
type operands byte

const (
	unknown operands = iota
	none
	blockType
	index    // one number: of a label, a function, a local, ...
	twoIndex // two of them
	labels   // the targets of br_table
	signed
	bytes4
	bytes8
	types  // of select
	memory // alignment and offset of an access
)

// plain are the operands of instructions without a prefix. What stays unknown
// belongs to no standard that the runtime is told to accept.
var plain = func() (t [256]operands) {
	set := func(what operands, from, to int) {
		for op := from; op <= to; op++ {
			t[op] = what
		}
	}
	set(none, opUnreachable, opNop)
	set(blockType, opBlock, opIf)
	set(none, opElse, opElse)
	set(none, opEnd, opEnd)
	set(index, opBr, opBrIf)
	set(labels, opBrTable, opBrTable)
	set(none, opReturn, opReturn)
	set(index, opCall, opCall)
	set(twoIndex, opCallIndirect, opCallIndirect)
	set(index, opReturnCall, opReturnCall)
	set(twoIndex, opReturnCallIndirect, opReturnCallIndirect)
	set(none, opDrop, opSelect)
	set(types, 0x1c, 0x1c)
	set(index, opLocalGet, 0x26) // and of globals and tables
	set(memory, 0x28, 0x3e)
	set(index, 0x3f, opMemoryGrow)
	set(signed, opI32Const, opI64Const)
	set(bytes4, 0x43, 0x43)
	set(bytes8, opF64Const, opF64Const)
	set(none, 0x45, 0xc4)
	set(signed, 0xd0, 0xd0) // ref.null
	set(none, 0xd1, 0xd1)
	set(index, opRefFunc, opRefFunc)
	return t
}()

// bulk are the operands of the instructions with prefixBulk.
var bulk = [...]operands{none, none, none, none, none, none, none, none,
	twoIndex, index, twoIndex, index, twoIndex, index, twoIndex, index, index, index}

// instruction is one instruction as it lies in the module.
type instruction struct {
	op       uint16
	from, to int      // its bytes
	operands int      // where its operands begin
	index    uint32   // its first index, or the last of its labels
	block    int64    // its block type
	labels   []uint32 // of br_table but for the last; valid until the next one is read
}

// next reads one instruction.
func (r *reader) next(in *instruction) {
	in.from, in.labels = r.at, in.labels[:0]
	in.op = uint16(r.byte())
	what := plain[in.op&0xff]
	switch in.op {
	case prefixBulk:
		sub := r.u32()
		if what = unknown; sub < uint32(len(bulk)) {
			what = bulk[sub]
		}
		in.op = in.op<<8 | uint16(sub&0xff)
	case prefixVector:
		// The engine takes the first byte for all of it, and the others for
		// instructions, which nobody would have counted.
		sub := uint32(r.byte())
		if sub >= 0x80 && r.byte() != 1 {
			r.fail("a vector instruction of more than a byte %w", ErrNewer)
		}
		in.op, what = in.op<<8|uint16(sub), none
		r.vector(sub)
	}
	in.operands = r.at
	r.operands(what, in)
	in.to = r.at
}

// vector skips the operands of an instruction with prefixVector.
func (r *reader) vector(sub uint32) {
	lane := sub >= 21 && sub <= 34
	switch {
	case sub <= 11, sub >= 92 && sub <= 93:
		r.memory()
	case sub == 12, sub == 13: // a constant, a shuffle
		r.bytes(16)
	case sub >= 84 && sub <= 91:
		r.memory()
		lane = true
	}
	if lane {
		r.byte()
	}
}

func (r *reader) memory() {
	r.u32()
	r.s64() // of a 64-bit memory too; the runtime checks it
}

func (r *reader) operands(what operands, in *instruction) {
	switch what {
	case none:
	case blockType:
		in.block = r.s64()
		if short := byte(in.block & 0x7f); in.block < -64 || in.block < 0 && short != blockEmpty && !isValueType(short) {
			r.fail("block type %d %w", in.block, ErrNewer)
		}
	case signed:
		in.block = r.s64()
	case index:
		in.index = r.u32()
	case twoIndex:
		in.index = r.u32()
		r.u32()
	case labels:
		for range r.count() {
			in.labels = append(in.labels, r.u32())
		}
		in.index = r.u32()
	case bytes4:
		r.bytes(4)
	case bytes8:
		r.bytes(8)
	case types:
		r.valueTypes()
	case memory:
		r.memory()
	default:
		if r.err == nil {
			r.fail("instruction %#x %w", in.op, ErrNewer)
		}
	}
}
