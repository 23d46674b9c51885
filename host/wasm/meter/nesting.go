package meter

// enter begins a function whose calls are counted: it charges the cost of its
// first region, takes its weight off the depth that is left, and keeps what was
// left before, to be put back on each way out. The body lies in a block, in the
// place of the function's own label: a branch to that leads to the way out.
//
// Both numbers are looked at at once: one is below zero when their disjunction is.
func (e *emitter) enter(cost int64, typ funcType) {
	e.getDepth()
	e.local(opLocalTee, e.above)
	e.const64(e.nested)
	e.out = append(e.out, opI64Sub)
	e.setDepth()
	e.get()
	e.const64(max(cost, 1))
	e.out = append(e.out, opI64Sub)
	e.set()
	e.get()
	e.getDepth()
	e.out = append(e.out, opI64Or)
	e.const64(0)
	e.out = append(e.out, opI64LtS, opIf, blockEmpty)
	e.getDepth()
	e.const64(0)
	e.out = append(e.out, opI64LtS, opIf, blockEmpty)
	e.const64(TooDeep)
	e.out = uleb(append(e.out, opCall), e.module.refill())
	e.set()
	e.out = append(e.out, opEnd)
	e.refill()
	e.out = append(append(e.out, opEnd, opBlock), typ.block...)
}

// leave puts the depth back before a function is left whose calls are counted.
func (e *emitter) leave() {
	if e.nested > 0 {
		e.local(opLocalGet, e.above)
		e.setDepth()
	}
}

func (e *emitter) getDepth() { e.out = uleb(append(e.out, opGlobalGet), e.module.depth()) }
func (e *emitter) setDepth() { e.out = uleb(append(e.out, opGlobalSet), e.module.depth()) }
