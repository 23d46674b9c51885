package verify

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Workload makes the inputs of a run, the same ones whenever it is asked: what
// has to arrive needs no memory.
type Workload struct {
	Run  string // name of the run; without a slash
	Seed uint64
}

// Outlet is where an input has to arrive.
type Outlet int

// The outlets of the pipeline under test.
const (
	Light Outlet = iota // weight of at most 10
	Heavy               // weight over 10
	Dead                // nothing that could be weighed
)

// Outlets has the names of all outlets, by number.
var Outlets = [...]string{Light: "light", Heavy: "heavy", Dead: "dead"}

func (o Outlet) String() string { return Outlets[o] }

// Input is one record of a workload. Key and Value may be nil, which is
// another thing than empty.
type Input struct {
	Key, Value []byte
	Arrives    Outlet
}

// Input makes the input of an origin: keys of which one is hot and some are
// null or empty, values from nothing to 600 KiB, and some that no processor can read.
func (w Workload) Input(o Origin) Input {
	random := rand.New(rand.NewPCG(w.Seed, uint64(o.Partition)<<48^uint64(o.Seq)))
	in := Input{Key: key(random), Arrives: Light}
	if Weight(o) > 10 {
		in.Arrives = Heavy
	}
	in.Value = Value(w.Run, o, size(random))
	switch n := random.IntN(1000); {
	case n < 20:
		in.Value, in.Arrives = nil, Dead
	case n < 25:
		in.Value, in.Arrives = []byte{}, Dead
	case n < 35: // cut off in the middle
		in.Value, in.Arrives = in.Value[:len(in.Value)/2], Dead
	}
	return in
}

// key is null, empty, the hot one, or one of a thousand.
func key(random *rand.Rand) []byte {
	switch n := random.IntN(100); {
	case n < 5:
		return nil
	case n < 6:
		return []byte{}
	case n < 26:
		return []byte("hot")
	}
	return fmt.Appendf(nil, "key-%03d", random.IntN(1000))
}

func size(random *rand.Rand) int {
	switch n := random.IntN(10_000); {
	case n < 2:
		return 600 << 10
	case n < 100:
		return 1<<10 + random.IntN(32<<10)
	}
	return 100 + random.IntN(300)
}

// OriginHeader is the name of the header that says which input a record is. It
// passes through processors, and finds inputs again whose values say nothing.
const OriginHeader = "weir-verify"

// Header makes the value of an OriginHeader.
func (w Workload) Header(o Origin) []byte {
	return fmt.Appendf(nil, "%s/%d/%d", w.Run, o.Partition, o.Seq)
}

// ParseHeader reads back what Header made. The error is ErrCorrupt.
func ParseHeader(header []byte) (run string, o Origin, err error) {
	parts := strings.Split(string(header), "/")
	if len(parts) != 3 {
		return "", Origin{}, fmt.Errorf("%w: header %s is %.80q", ErrCorrupt, OriginHeader, header)
	}
	partition, err := strconv.ParseInt(parts[1], 10, 32)
	if err != nil {
		return "", Origin{}, fmt.Errorf("%w: header %s: %w", ErrCorrupt, OriginHeader, err)
	}
	seq, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return "", Origin{}, fmt.Errorf("%w: header %s: %w", ErrCorrupt, OriginHeader, err)
	}
	return parts[0], Origin{int32(partition), seq}, nil
}

// differs says how what came differs from what was sent, "" if it does not.
func differs(what string, sent, came []byte) string {
	switch {
	case sent == nil && came != nil:
		return fmt.Sprintf("the %s was null and is %.40q", what, came)
	case sent != nil && came == nil:
		return fmt.Sprintf("the %s was %.40q and is null", what, sent)
	case !bytes.Equal(sent, came):
		return fmt.Sprintf("the %s was %.40q (%d bytes) and is %.40q (%d bytes)", what, sent, len(sent), came, len(came))
	}
	return ""
}
