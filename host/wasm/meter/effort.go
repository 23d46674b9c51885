package meter

import "errors"

// ErrEffort says that a module would take the compiler too long.
var ErrEffort = errors.New("is too much for the compiler")

// effort is what a function costs the compiler. Some of its passes take time by
// the square of the branches and loops of a function, and some by loops times
// locals: twenty thousand bytes can take a minute.
type effort struct {
	locals          uint64
	loops, branches int
}

// The most work of a function, and of all together. A unit takes the compiler
// about 15 ns, so they are seconds, and half a minute. The largest functions of
// Go's programs are a hundredth of the first.
const (
	workMost = 400_000_000
	workAll  = 2_000_000_000
)

func (e *effort) add(in *instruction) {
	switch in.op {
	case opLoop:
		e.loops++
	case opBlock, opIf, opElse, opBr, opBrIf:
		e.branches++
	case opBrTable:
		e.branches += 1 + len(in.labels)/8
	}
}

func (e *effort) work() float64 {
	places := float64(e.branches) + 3*float64(e.loops)
	return places*places + 600*float64(e.locals)*float64(e.loops)
}
