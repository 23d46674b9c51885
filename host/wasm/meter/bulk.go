package meter

// pieceMost is the most bytes that are filled or copied at once: a tenth of a
// millisecond.
const pieceMost = 1 << 20

// The functions that are added for memory.fill and memory.copy, with their
// operands: where to, the value or where from, the size. They do much in pieces,
// with a chance to stop between them. Where there is no memory they do nothing.
var bulkNames = [...]string{"fill", "copy"}

const (
	bulkFuncs = len(bulkNames)
	bulkFill  = 0
	bulkCopy  = 1

	// bulkShift says that 1<<bulkShift bytes cost 1.
	bulkShift = 3
)

// bulkFunc is the index of an added function, behind all others.
func (m *module) bulkFunc(i int) uint32 { return m.shifted(uint32(len(m.funcs) + i)) }

// bulk writes a call in place of a memory.fill or memory.copy, whose operands
// are as many zeros. It is here that such an instruction is validated.
func (e *emitter) bulk() {
	callee, operands := bulkFill, "\x00"
	if e.in.op == opMemoryCopy {
		callee, operands = bulkCopy, "\x00\x00"
	}
	switch {
	case !e.module.memory:
		e.fail("instruction %#x, but there is no memory", e.in.op)
	case string(e.buf[e.in.operands:e.in.to]) != operands:
		e.fail("instruction %#x of another memory than the first", e.in.op)
	}
	e.out = uleb(append(e.out, opCall), e.module.bulkFunc(callee))
}

// The locals of the added functions.
const (
	bulkTo    = 0
	bulkFrom  = 1
	bulkSize  = 2
	bulkPiece = 3
)

// bulkBodies returns the bodies of the added functions, for a module with n
// functions of its own.
func (m *module) bulkBodies(n int) [][]byte {
	if n == 0 {
		return nil
	}
	if !m.memory {
		return [][]byte{{0, opEnd}, {0, opEnd}}
	}
	var bodies [][]byte
	for _, write := range [...]func(*emitter){(*emitter).bulkFillBody, (*emitter).bulkCopyBody} {
		e := &emitter{module: m, kept: -1}
		e.out = []byte{1, 1, typeI32}
		write(e)
		bodies = append(bodies, append(e.out, opEnd))
	}
	return bodies
}

func (e *emitter) bulkFillBody() {
	fill := []byte{prefixBulk, opMemoryFill & 0xff, 0}
	e.atOnce(fill)
	e.inMemory(fill, bulkTo)
	e.pieces(func() {
		e.do(fill, bulkPiece)
		e.step(bulkTo, bulkPiece, opI32Add)
		e.step(bulkSize, bulkPiece, opI32Sub)
	})
}

// bulkCopyBody goes from the low end up, or from the high end down, so that no
// piece overwrites what is still to be copied.
func (e *emitter) bulkCopyBody() {
	move := []byte{prefixBulk, opMemoryCopy & 0xff, 0, 0}
	e.atOnce(move)
	e.inMemory(move, bulkTo, bulkFrom)
	e.local(opLocalGet, bulkFrom)
	e.local(opLocalGet, bulkTo)
	e.out = append(e.out, opI32LtU, opIf, blockEmpty)
	e.step(bulkTo, bulkSize, opI32Add)
	e.step(bulkFrom, bulkSize, opI32Add)
	e.pieces(func() {
		e.step(bulkTo, bulkPiece, opI32Sub)
		e.step(bulkFrom, bulkPiece, opI32Sub)
		e.do(move, bulkPiece)
		e.step(bulkSize, bulkPiece, opI32Sub)
	})
	e.out = append(e.out, opElse)
	e.pieces(func() {
		e.do(move, bulkPiece)
		e.step(bulkTo, bulkPiece, opI32Add)
		e.step(bulkFrom, bulkPiece, opI32Add)
		e.step(bulkSize, bulkPiece, opI32Sub)
	})
	e.out = append(e.out, opEnd)
}

// atOnce pays for the whole and does it, when it is not much.
func (e *emitter) atOnce(whole []byte) {
	e.local(opLocalGet, bulkSize)
	e.const32(pieceMost + 1)
	e.out = append(e.out, opI32LtU, opIf, blockEmpty)
	e.payBulk(bulkSize)
	e.do(whole, bulkSize)
	e.out = append(e.out, opReturn, opEnd)
}

// payBulk pays for as many bytes as a local says.
func (e *emitter) payBulk(size uint32) {
	e.get()
	e.local(opLocalGet, size)
	e.out = append(e.out, opI64ExtendI32U)
	e.const64(bulkShift)
	e.out = append(e.out, opI64ShrU)
	e.pay()
}

// inMemory does the whole at once, which traps before anything is written, when
// it does not lie in the memory.
func (e *emitter) inMemory(whole []byte, starts ...uint32) {
	for _, start := range starts {
		e.local(opLocalGet, start)
		e.out = append(e.out, opI64ExtendI32U)
		e.local(opLocalGet, bulkSize)
		e.out = append(e.out, opI64ExtendI32U, opI64Add, opMemorySize, 0, opI64ExtendI32U)
		e.const64(16) // a page has 1<<16 bytes
		e.out = append(e.out, opI64Shl, opI64GtU, opIf, blockEmpty)
		e.do(whole, bulkSize)
		e.out = append(e.out, opEnd)
	}
}

// pieces pays for pieces and does them, until the size is 0.
func (e *emitter) pieces(do func()) {
	e.out = append(e.out, opLoop, blockEmpty)
	e.local(opLocalGet, bulkSize)
	e.const32(pieceMost)
	e.local(opLocalGet, bulkSize)
	e.const32(pieceMost)
	e.out = append(e.out, opI32LtU, opSelect)
	e.local(opLocalSet, bulkPiece)
	e.payBulk(bulkPiece)
	do()
	e.local(opLocalGet, bulkSize)
	e.out = append(e.out, opBrIf, 0, opEnd)
}

// do does as much as a local says.
func (e *emitter) do(op []byte, size uint32) {
	for _, operand := range []uint32{bulkTo, bulkFrom, size} {
		e.local(opLocalGet, operand)
	}
	e.out = append(e.out, op...)
}

// step moves a local on by another.
func (e *emitter) step(what, by uint32, op byte) {
	e.local(opLocalGet, what)
	e.local(opLocalGet, by)
	e.out = append(e.out, op)
	e.local(opLocalSet, what)
}
