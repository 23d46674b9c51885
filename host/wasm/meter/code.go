package meter

// emitter writes a function anew, with its charges.
//
// The counter is a global. A small loop that calls nothing that counts itself
// keeps it in a local meanwhile, which the compiler holds in a register, and
// writes it back on each way out. In a large one the compiler has better use for
// the register.
type emitter struct {
	*reader
	module  *module
	in      instruction
	out     []byte
	regions []region
	seen    int // loops that were begun
	labels  []label
	kept    int    // the label of the loop that keeps the counter in a local, -1 outside
	locals  uint64 // of the function itself
	nested  int64  // how much deeper it nests, 0 when that is not counted
	above   uint32 // the local for how deep calls may nest for its caller
	counter uint32 // the local for the counter
	size    uint32 // the local for the size of a bulk instruction
}

type label struct {
	arity int   // the values that a branch to it takes along
	apart bool  // a loop whose counter is refilled outside of it, in wrapping blocks
	cost  int64 // of a round of it
}

// wrapping is how many blocks are put around a loop that is refilled apart.
const wrapping = 3

// emit writes the instructions from where r stands, with the function's regions
// known.
func (e *emitter) emit(r *reader, typ funcType, counted bool, nested int64) {
	e.reader = r
	e.labels = append(e.labels[:0], label{arity: typ.results})
	e.seen, e.kept, e.nested = 0, -1, nested
	switch {
	case nested > 0:
		e.enter(e.regions[0].cost, typ)
	case counted:
		e.charge(e.regions[0].cost)
	}
	for len(e.labels) > 0 && e.err == nil {
		if e.next(&e.in); e.err == nil {
			e.module.place(e.in.from, len(e.out))
			e.instruction()
		}
	}
}

func (e *emitter) instruction() {
	switch e.in.op {
	case opBlock, opIf:
		e.copy()
		_, results := e.blockType()
		e.labels = append(e.labels, label{arity: results})
	case opLoop:
		e.loop()
	case opEnd:
		e.copy()
		last := e.labels[len(e.labels)-1]
		e.endLoop(last)
		e.labels = e.labels[:len(e.labels)-1]
		if len(e.labels) == e.kept {
			e.kept = -1
			e.global(opGlobalSet, e.counter)
		}
		if len(e.labels) == 0 && e.nested > 0 {
			e.leave()
			e.out = append(e.out, opEnd)
		}
	case opBr, opBrIf, opBrTable:
		e.branch()
	case opReturn, opUnreachable:
		e.giveBack()
		e.leave()
		e.copy()
	case opCall, opReturnCall, opRefFunc:
		e.check("function", len(e.module.funcs))
		if e.in.op == opReturnCall {
			e.leave()
		}
		e.out = uleb(append(e.out, byte(e.in.op)), e.module.shifted(e.in.index))
	case opCallIndirect, opReturnCallIndirect:
		e.check("type", len(e.module.types))
		if e.in.op == opReturnCallIndirect {
			e.leave()
		}
		e.copy()
	case opMemoryFill, opMemoryCopy:
		e.bulk()
	case opLocalGet, opLocalSet, opLocalTee:
		if uint64(e.in.index) >= e.locals {
			e.fail("local %d, but there are %d", e.in.index, e.locals)
		}
		e.copy()
	case opGlobalGet, opGlobalSet:
		e.check("global", e.module.globals)
		e.copy()
	default:
		if n, ok := sizeOf(e.in.op); ok {
			e.chargeSize(n)
		}
		e.copy()
	}
}

func (e *emitter) copy() { e.out = append(e.out, e.buf[e.in.from:e.in.to]...) }

func (e *emitter) check(what string, n int) {
	if uint64(e.in.index) >= uint64(n) {
		e.fail("%s %d, but there are %d", what, e.in.index, n)
	}
}

// blockType returns how many values a block takes and leaves.
func (e *emitter) blockType() (params, results int) {
	switch t := e.in.block; {
	case t == -64: // no value
		return 0, 0
	case t < 0:
		return 0, 1
	case t >= int64(len(e.module.types)):
		e.fail("type %d, but there are %d", t, len(e.module.types))
		return 0, 0
	default:
		typ := e.module.types[t]
		return typ.params, typ.results
	}
}

// loop begins a loop. Where the counter is below zero at the head of a round,
// the loop is left for a place outside of it that asks for more and begins it
// again: a call within it would have the compiler keep what lives through it in
// memory, also in the rounds that do not call. So of
//
//	loop BODY end
//
// becomes, if the loop takes no values from the stack,
//
//	block loop block loop CHARGE br_if(below zero) 1 BODY end br 2 end REFILL br 0 end end
//
// The round that was charged begins again and is charged again, so the refill
// gives its cost back.
func (e *emitter) loop() {
	params, _ := e.blockType()
	e.seen++
	if e.seen >= len(e.regions) {
		e.fail("a loop was not measured")
		return
	}
	region := e.regions[e.seen]
	if e.kept < 0 && region.keeps() {
		e.kept = len(e.labels)
		e.global(opGlobalGet, 0)
		e.local(opLocalSet, e.counter)
	}
	apart := params == 0
	e.labels = append(e.labels, label{arity: params, apart: apart, cost: max(region.cost, 1)})
	if !apart {
		e.copy()
		e.charge(region.cost)
		return
	}
	typ := e.buf[e.in.from+1 : e.in.to]
	e.out = append(append(e.out, opBlock), typ...)
	e.out = append(append(e.out, opLoop), typ...)
	e.out = append(e.out, opBlock, blockEmpty)
	e.copy()
	e.subtract(region.cost)
	e.out = append(e.out, opBrIf, 1)
}

// endLoop ends what loop began.
func (e *emitter) endLoop(l label) {
	if l.apart {
		e.out = append(e.out, opBr, 2, opEnd)
		e.refill()
		e.get()
		e.const64(l.cost)
		e.out = append(e.out, opI64Add)
		e.set()
		e.out = append(e.out, opBr, 0, opEnd, opEnd)
	}
}

// depth is how deep the label of a branch lies in the code that is written.
func (e *emitter) depth(to uint32) uint32 {
	depth := to
	for _, l := range e.labels[len(e.labels)-int(to):] {
		if l.apart {
			depth += wrapping
		}
	}
	return depth
}

// leaves tells whether a branch to a label leaves the loop that keeps the
// counter.
func (e *emitter) leaves(to uint32) bool {
	if uint64(to) >= uint64(len(e.labels)) {
		e.fail("a branch to label %d, but there are %d", to, len(e.labels))
		return false
	}
	return e.kept >= 0 && len(e.labels)-1-int(to) < e.kept
}

func (e *emitter) branch() {
	leaves := e.leaves(e.in.index)
	for _, to := range e.in.labels {
		leaves = e.leaves(to) || leaves
	}
	if e.err != nil {
		return
	}
	to := e.depth(e.in.index)
	switch {
	case leaves && e.in.op == opBrIf && e.labels[len(e.labels)-1-int(e.in.index)].arity == 0:
		e.out = append(e.out, opIf, blockEmpty) // nothing to pay for a branch that is not taken
		e.giveBack()
		e.out = append(uleb(append(e.out, opBr), to+1), opEnd)
		return
	case leaves:
		e.giveBack()
	}
	e.out = append(e.out, byte(e.in.op))
	if e.in.op == opBrTable {
		e.out = uleb(e.out, uint32(len(e.in.labels)))
		for _, l := range e.in.labels {
			e.out = uleb(e.out, e.depth(l))
		}
	}
	e.out = uleb(e.out, to)
}

// giveBack writes the counter into the global before a loop that keeps it is
// left.
func (e *emitter) giveBack() {
	if e.kept >= 0 {
		e.global(opGlobalSet, e.counter)
	}
}

func (e *emitter) local(op byte, index uint32) { e.out = uleb(append(e.out, op), index) }

// global pushes the global counter, or sets it from a local.
func (e *emitter) global(op byte, from uint32) {
	if op == opGlobalSet {
		e.local(opLocalGet, from)
	}
	e.out = uleb(append(e.out, op), e.module.counter())
}

// get pushes the counter.
func (e *emitter) get() {
	if e.kept >= 0 {
		e.local(opLocalGet, e.counter)
		return
	}
	e.global(opGlobalGet, 0)
}

// set pops into the counter.
func (e *emitter) set() {
	if e.kept >= 0 {
		e.local(opLocalSet, e.counter)
		return
	}
	e.out = uleb(append(e.out, opGlobalSet), e.module.counter())
}

func (e *emitter) const32(v int64) { e.out = sleb(append(e.out, opI32Const), v) }
func (e *emitter) const64(v int64) { e.out = sleb(append(e.out, opI64Const), v) }

// charge takes a cost off the counter, and asks for more when it is below zero.
func (e *emitter) charge(cost int64) {
	e.get()
	e.const64(max(cost, 1))
	e.pay()
}

// subtract takes a cost off the counter, and leaves on the stack whether it is
// below zero.
func (e *emitter) subtract(cost int64) {
	e.get()
	e.const64(max(cost, 1))
	e.out = append(e.out, opI64Sub)
	e.set()
	e.below()
}

func (e *emitter) below() {
	e.get()
	e.const64(0)
	e.out = append(e.out, opI64LtS)
}

func (e *emitter) refill() {
	e.get()
	e.out = uleb(append(e.out, opCall), e.module.refill())
	e.set()
}

// pay subtracts what is on top of the stack from the counter below it.
func (e *emitter) pay() {
	e.out = append(e.out, opI64Sub)
	e.set()
	e.below()
	e.out = append(e.out, opIf, blockEmpty)
	e.refill()
	e.out = append(e.out, opEnd)
}

// chargeSize charges a bulk instruction by the number on top of the stack.
func (e *emitter) chargeSize(n int) {
	e.local(opLocalSet, e.size)
	e.get()
	e.local(opLocalGet, e.size)
	if e.in.op == opMemoryGrow { // beyond the limit nothing is done
		limit := int64(e.module.limits.Pages)
		e.const32(limit)
		e.local(opLocalGet, e.size)
		e.const32(limit)
		e.out = append(e.out, opI32LtU, opSelect)
	}
	e.out = append(e.out, opI64ExtendI32U)
	switch {
	case n < 0:
		e.const64(int64(-n))
		e.out = append(e.out, opI64ShrU)
	case n > 0:
		e.const64(int64(n))
		e.out = append(e.out, opI64Shl)
	}
	e.pay()
	e.local(opLocalGet, e.size)
}
