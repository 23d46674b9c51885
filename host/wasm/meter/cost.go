package meter

// What instructions cost. One is about one machine instruction; those that the
// compiler makes nothing of are free.
const (
	costPlain    = 1
	costCall     = 2
	costBulk     = 8   // and more by size
	costHost     = 100 // the way out of compiled code and back, also to grow
	leafMost     = 32  // the most that a leaf costs
	costIndirect = costCall + leafMost
)

// region is what one charge pays for: a function without its loops, or one
// round of a loop without the loops in it. Its cost is that of the dearest way
// through, so that the arms of a switch are not added up.
type region struct {
	cost   int64
	parent int   // the region that it lies in
	entry  int64 // the cost of the dearest way through parent up to it
	calls  bool  // it, or a loop in it, calls what counts fuel itself
}

// keptMost is the most that a round of a loop costs that keeps the counter.
const keptMost = 24

// keeps tells whether a loop can keep the counter in a local.
func (r region) keeps() bool { return !r.calls && r.cost <= keptMost }

// unreached is the cost of code that no way leads to.
const unreached = -1

// frame is an open block.
type frame struct {
	op     uint16 // opBlock, opLoop or opIf
	region int    // where it stands; of a loop its own
	entry  int64  // the cost up to it
	reach  int64  // the cost of the dearest way that branches to its end
}

// scanner measures the regions of a function.
type scanner struct {
	*reader
	module  *module
	in      instruction
	frames  []frame
	regions []region // in order of appearance
	now     int      // the region at hand
	cost    int64    // of the dearest way through it up to here
	sizes   bool     // there are instructions to be charged by size
}

// scan measures a function's instructions from where r stands.
func (s *scanner) scan(r *reader) {
	s.begin(r)
	for len(s.frames) > 0 && s.err == nil {
		s.step()
	}
}

func (s *scanner) begin(r *reader) {
	s.reader = r
	s.regions = append(s.regions[:0], region{parent: -1})
	s.frames = append(s.frames[:0], frame{op: opBlock, reach: unreached})
	s.now, s.cost, s.sizes = 0, 0, false
}

// leaf returns the cost of a function that is too short and simple to count
// itself: its callers pay for it.
func (s *scanner) leaf(r *reader) (int64, bool) {
	s.begin(r)
	for len(s.frames) > 0 && s.err == nil {
		s.step()
		if len(s.regions) > 1 || s.regions[0].calls || s.regions[0].cost > leafMost || s.sizes {
			return 0, false
		}
	}
	return s.regions[0].cost, s.err == nil
}

func (s *scanner) step() {
	s.next(&s.in)
	if s.err != nil {
		return
	}
	s.add(s.price())
	switch s.in.op {
	case opBlock, opIf:
		s.frames = append(s.frames, frame{op: s.in.op, region: s.now, entry: s.cost, reach: unreached})
	case opLoop:
		s.regions = append(s.regions, region{parent: s.now, entry: max(s.cost, 0)})
		s.now = len(s.regions) - 1
		s.frames = append(s.frames, frame{op: opLoop, region: s.now, entry: s.cost, reach: unreached})
		s.cost = 0
	case opElse:
		f := &s.frames[len(s.frames)-1]
		f.reach = max(f.reach, s.cost)
		s.cost = f.entry
		f.op = opBlock
	case opEnd:
		s.end()
	case opBr, opBrIf, opBrTable:
		s.branch(s.in.index)
		if s.in.op == opBrTable {
			for _, label := range s.in.labels {
				s.branch(label)
			}
		}
		if s.in.op != opBrIf {
			s.cost = unreached
		}
	case opReturn, opUnreachable, opReturnCall, opReturnCallIndirect:
		s.cost = unreached
	}
}

func (s *scanner) add(price int64) {
	if s.cost == unreached {
		return
	}
	s.cost += price
	r := &s.regions[s.now]
	r.cost = max(r.cost, s.cost)
}

func (s *scanner) end() {
	f := s.frames[len(s.frames)-1]
	s.frames = s.frames[:len(s.frames)-1]
	switch f.op {
	case opLoop:
		s.now = s.regions[f.region].parent
		if s.cost != unreached {
			s.cost = f.entry
		}
		return
	case opIf: // without else, which may pass by
		f.reach = max(f.reach, f.entry)
	}
	s.cost = max(s.cost, f.reach)
}

// branch notes a way to a label.
func (s *scanner) branch(label uint32) {
	if uint64(label) >= uint64(len(s.frames)) {
		s.fail("a branch to label %d, but there are %d", label, len(s.frames))
		return
	}
	f := &s.frames[len(s.frames)-1-int(label)]
	if f.op == opLoop {
		return // its next round is another charge
	}
	cost := s.cost
	for r := s.now; r != f.region && cost != unreached; r = s.regions[r].parent {
		cost = s.regions[r].entry
	}
	f.reach = max(f.reach, cost)
}

// price is what the instruction at hand costs.
func (s *scanner) price() int64 {
	switch s.in.op {
	case opNop, opBlock, opLoop, opElse, opEnd, opDrop, opLocalGet, opLocalSet, opLocalTee:
		return 0
	case opI32Const, opI64Const, opI64Const + 1, opF64Const:
		return 0
	case opCall, opReturnCall:
		return s.call()
	case opCallIndirect, opReturnCallIndirect:
		s.calls()
		return costIndirect
	case opMemoryFill, opMemoryCopy:
		s.calls() // what is added for them
		return costBulk
	}
	if _, ok := sizeOf(s.in.op); ok {
		s.sizes = true
		if s.in.op == opMemoryGrow || s.in.op == opTableGrow {
			return costHost
		}
		return costBulk
	}
	return costPlain
}

func (s *scanner) call() int64 {
	callee := int(s.in.index)
	if callee < s.module.imported {
		s.calls()
		return costHost
	}
	if i := callee - s.module.imported; i < len(s.module.leaves) && s.module.leaves[i] != notLeaf {
		return costCall + s.module.leaves[i]
	}
	s.calls()
	return costCall
}

func (s *scanner) calls() {
	for r := s.now; r >= 0 && !s.regions[r].calls; r = s.regions[r].parent {
		s.regions[r].calls = true
	}
}

// sizeOf tells of an instruction that works on as many elements as the number
// on top of the stack says how much one of them costs: 1<<n when n is not
// negative, else the -n-th power of two of them cost 1.
func sizeOf(op uint16) (n int, ok bool) {
	switch op {
	case opMemoryInit:
		return -bulkShift, true
	case opMemoryGrow:
		return 13, true
	case opTableFill, opTableCopy, opTableInit, opTableGrow:
		return 0, true
	}
	return 0, false
}
