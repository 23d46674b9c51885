package wasmtest

// Base is the address of the buffer of the guests made here. What lies below
// is theirs, for Data.
const Base = 4096

// The offsets of an entry's fields, for the code of guests.
const (
	Source          = 0
	Flags           = 4
	ValuePtr        = 8
	ValueLen        = 12
	TopicPtr        = 40
	TopicLen        = 44
	Timestamp       = 56
	TargetPartition = 76
	EntrySize       = 80
)

// The locals of a guest's process function: its parameters, then i32 locals
// for its code.
const (
	Table uint32 = iota
	Count
	I
	At
	Out
	End
)

// Imports are the indexes of the host functions that every guest of Guest
// imports.
type Imports struct {
	Log, Error, Reject, Metric, Now uint32
}

// Guest makes a module of ABI 1 whose process function is code, which leaves
// the i64 result on the stack. more may add to the module.
func Guest(code func(Imports) []byte, more ...func(*Module, Imports)) *Module {
	m := new(Module)
	f := Imports{
		Log:    m.Import("weir", "log", "iii"),
		Error:  m.Import("weir", "error", "ii"),
		Reject: m.Import("weir", "reject", "iii"),
		Metric: m.Import("weir", "metric", "iiiF"),
		Now:    m.Import("weir", "now", ":I"),
	}
	m.Memory(1).ExportKind("memory", KindMemory, 0)
	m.Export("weir_abi_1", m.Func("", ""))
	m.Export("weir_buffer", m.Func("i:i", "i", Buffer(0, 1)))
	m.Export("weir_process", m.Func("ii:I", "iiii", code(f)))
	for _, add := range more {
		add(m, f)
	}
	return m
}

// Buffer is the code of weir_buffer: it grows the memory to hold local size
// bytes from Base on; local need is its to use.
func Buffer(size, need uint32) []byte {
	return Code(
		Get(size), I32(Base+65535), Add, Get(size), LtU, If(I32(0), Return), // overflow
		Get(size), I32(Base+65535), Add, I32(65536), DivU, MemorySize, Sub, Set(need),
		Get(need), I32(0), []byte{0x4a}, // i32.gt_s
		If(Get(need), MemoryGrow, I32(-1), Eq, If(I32(0), Return)),
		I32(Base))
}

// Result pushes a process function's result from two locals.
func Result(table, count uint32) []byte {
	return Code(Get(table), Extend, I64(32), Shl64, Get(count), Extend, Or64)
}

// EntryAt sets local At to the address of entry I.
func EntryAt() []byte {
	return Code(Get(Table), Get(I), I32(EntrySize), Mul, Add, Set(At))
}

// PerEvent runs code for every entry, with I its index and At its address, and
// passes the table on.
func PerEvent(code ...[]byte) []byte {
	return Code(Each(I, Count, EntryAt(), Code(code...)), Result(Table, Count))
}

// Passthrough passes everything on.
func Passthrough() *Module { return Guest(func(Imports) []byte { return Result(Table, Count) }) }

// Spin counts up to n for each event and passes it on.
func Spin(n int32) *Module {
	return Guest(func(Imports) []byte { return PerEvent(I32(n), Set(End), Each(Out, End)) })
}

// DropAll drops everything.
func DropAll() *Module { return Guest(func(Imports) []byte { return I64(0) }) }

// Route sends every event to a topic.
func Route(topic string) *Module {
	return Guest(func(Imports) []byte {
		return PerEvent(
			Get(At), I32(64), Store(TopicPtr), Get(At), I32(int32(len(topic))), Store(TopicLen),
			Get(At), Get(At), Load(Flags), I32(4), Or, Store(Flags))
	}, func(m *Module, _ Imports) { m.Data(64, topic) })
}

// SetByte writes b over the first byte of every value that is not empty.
func SetByte(b byte) *Module {
	return Guest(func(Imports) []byte {
		return PerEvent(Get(At), Load(ValueLen),
			If(Get(At), Load(ValuePtr), I32(int32(b)), Store8(0)))
	})
}

// Upper writes the ASCII letters among the first n bytes of every value in
// upper case, in place.
func Upper(n int32) *Module {
	letter := Code(Get(Out), Load8(0))
	return Guest(func(Imports) []byte {
		return PerEvent(
			Get(At), Load(ValuePtr), Set(Out),
			Get(Out), Get(At), Load(ValueLen), Add, Set(End),
			Get(Out), I32(n), Add, Get(End), LtU, If(Get(Out), I32(n), Add, Set(End)),
			Forever(
				Get(Out), Get(End), GeU, BreakIf(),
				letter, I32('a'), Sub, I32(26), LtU,
				If(Get(Out), letter, I32('a'-'A'), Sub, Store8(0)),
				Get(Out), I32(1), Add, Set(Out)))
	})
}

// FanOut gives two outputs an input, the second with an empty value. It grows
// the memory by as much as the table needs, at each batch.
func FanOut() *Module {
	return Guest(func(Imports) []byte {
		return Code(
			MemorySize, I32(65536), Mul, Set(Out),
			Get(Count), I32(2*EntrySize), Mul, I32(65536), DivU, I32(1), Add, MemoryGrow,
			I32(-1), Eq, If(Unreachable),
			Each(I, Count, EntryAt(),
				copyEntry(0), copyEntry(1),
				outAt(1), I32(0), Store(ValueLen)),
			Get(Count), I32(2), Mul, Set(I),
			Result(Out, I))
	})
}

// outAt pushes the address of the output entry 2*I+n.
func outAt(n int32) []byte {
	return Code(Get(Out), Get(I), I32(2), Mul, I32(n), Add, I32(EntrySize), Mul, Add)
}

func copyEntry(n int32) []byte {
	return Code(outAt(n), Get(At), I32(EntrySize), MemoryCopy)
}

// On runs code for entries whose value begins with b.
func On(b byte, code ...[]byte) []byte {
	return Code(Get(At), Load(ValueLen), If(
		Get(At), Load(ValuePtr), Load8(0), I32(int32(b)), Eq, If(Code(code...))))
}

// TrapOn traps at a value that begins with b.
func TrapOn(b byte) *Module {
	return Guest(func(Imports) []byte { return PerEvent(On(b, Unreachable)) })
}

// SayAndTrapOn gives a reason before it traps.
func SayAndTrapOn(b byte, reason string) *Module {
	return Guest(func(f Imports) []byte {
		return PerEvent(On(b, I32(64), I32(int32(len(reason))), Call(f.Error), Unreachable))
	}, func(m *Module, _ Imports) { m.Data(64, reason) })
}

// RejectOn rejects values that begin with b, and passes everything on.
func RejectOn(b byte, reason string) *Module {
	return Guest(func(f Imports) []byte {
		return PerEvent(On(b, Get(I), I32(64), I32(int32(len(reason))), Call(f.Reject)))
	}, func(m *Module, _ Imports) { m.Data(64, reason) })
}

// LieOn stores a number into a field of the entries whose value begins with b.
func LieOn(b byte, field uint32, number int32) *Module {
	return Guest(func(Imports) []byte { return PerEvent(On(b, Get(At), I32(number), Store(field))) })
}

// Answer returns a result of its own making.
func Answer(table, count uint32) *Module {
	return Guest(func(Imports) []byte { return I64(int64(uint64(table)<<32 | uint64(count))) })
}

// Refuse does not take its config, and says why.
func Refuse(reason string) *Module {
	return Guest(func(Imports) []byte { return I64(0) }, func(m *Module, f Imports) {
		m.Data(64, reason)
		m.Export("weir_open", m.Func("ii:i", "", I32(64), I32(int32(len(reason))), Call(f.Error), I32(1)))
	})
}
