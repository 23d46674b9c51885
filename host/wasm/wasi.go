package wasm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/weirhq/weir/host/abi"
)

// The error numbers of WASI that are answered.
const (
	errnoSuccess = 0
	errnoBadf    = 8
	errnoFault   = 21
	errnoInval   = 28
	errnoNosys   = 52
)

var le = binary.LittleEndian

// wasiSignatures are all functions of WASI preview 1: what has no use here
// still links, and answers that it is not there.
var wasiSignatures = map[string]string{
	"args_get": "ii:i", "args_sizes_get": "ii:i", "environ_get": "ii:i", "environ_sizes_get": "ii:i",
	"clock_res_get": "ii:i", "clock_time_get": "iIi:i", "fd_advise": "iIIi:i", "fd_allocate": "iII:i",
	"fd_close": "i:i", "fd_datasync": "i:i", "fd_fdstat_get": "ii:i", "fd_fdstat_set_flags": "ii:i",
	"fd_fdstat_set_rights": "iII:i", "fd_filestat_get": "ii:i", "fd_filestat_set_size": "iI:i",
	"fd_filestat_set_times": "iIIi:i", "fd_pread": "iiiIi:i", "fd_prestat_get": "ii:i",
	"fd_prestat_dir_name": "iii:i", "fd_pwrite": "iiiIi:i", "fd_read": "iiii:i", "fd_readdir": "iiiIi:i",
	"fd_renumber": "ii:i", "fd_seek": "iIii:i", "fd_sync": "i:i", "fd_tell": "ii:i", "fd_write": "iiii:i",
	"path_create_directory": "iii:i", "path_filestat_get": "iiiii:i", "path_filestat_set_times": "iiiiIIi:i",
	"path_link": "iiiiiii:i", "path_open": "iiiiiIIii:i", "path_readlink": "iiiiii:i",
	"path_remove_directory": "iii:i", "path_rename": "iiiiii:i", "path_symlink": "iiiii:i",
	"path_unlink_file": "iii:i", "poll_oneoff": "iiii:i", "proc_exit": "i", "proc_raise": "i:i",
	"random_get": "ii:i", "sched_yield": ":i", "sock_accept": "iii:i", "sock_recv": "iiiiii:i",
	"sock_send": "iiiii:i", "sock_shutdown": "ii:i",
}

// served are the functions of WASI that do something. proc_exit is one more.
var served = map[string]func(in *Instance, stack []uint64) uint32{
	"args_get":            (*Instance).wasiSuccess,
	"args_sizes_get":      (*Instance).wasiSizes,
	"environ_get":         (*Instance).wasiSuccess,
	"environ_sizes_get":   (*Instance).wasiSizes,
	"clock_res_get":       (*Instance).wasiClockRes,
	"clock_time_get":      (*Instance).wasiClockTime,
	"fd_fdstat_get":       (*Instance).wasiFdstat,
	"fd_prestat_get":      (*Instance).wasiBadf,
	"fd_prestat_dir_name": (*Instance).wasiBadf,
	"fd_write":            (*Instance).wasiWrite,
	"poll_oneoff":         (*Instance).wasiPoll,
	"random_get":          (*Instance).wasiRandom,
	"sched_yield":         (*Instance).wasiSuccess,
}

// wasiFuncs is WASI's harmless part, and refusals for the rest.
func wasiFuncs() map[string]hostFunc {
	funcs := make(map[string]hostFunc, len(wasiSignatures))
	for name, types := range wasiSignatures {
		f, ok := served[name]
		if !ok {
			f = (*Instance).wasiNosys
		}
		funcs[name] = hostFunc{sig(types), func(in *Instance, stack []uint64) { stack[0] = uint64(f(in, stack)) }}
	}
	funcs["proc_exit"] = hostFunc{sig("i"), (*Instance).wasiExit}
	return funcs
}

func (in *Instance) wasiSuccess([]uint64) uint32 { return errnoSuccess }

func (in *Instance) wasiNosys([]uint64) uint32 { return errnoNosys }

// wasiBadf ends the search for preopened directories, with which the start-up
// of C and Go begins: there are none.
func (in *Instance) wasiBadf([]uint64) uint32 { return errnoBadf }

// wasiSizes says that there are no arguments and no environment.
func (in *Instance) wasiSizes(stack []uint64) uint32 {
	m := in.mem
	if !m.WriteUint32Le(uint32(stack[0]), 0) || !m.WriteUint32Le(uint32(stack[1]), 0) {
		return errnoFault
	}
	return errnoSuccess
}

func (in *Instance) wasiExit(stack []uint64) {
	panic(fmt.Errorf("the module ended itself with proc_exit(%d)", uint32(stack[0])))
}

// clock is the guest's monotonic clock: the time of the batch, but a wait ends
// at once and moves it on, or a guest that waits for a time to come would wait
// for ever.
type clock struct {
	last int64
}

func (c *clock) read(now int64) int64 {
	c.last = max(c.last, now)
	return c.last
}

func (c *clock) wait(now int64, ns uint64) {
	c.last = c.read(now) + int64(min(ns, uint64(math.MaxInt64-c.last)))
}

const (
	clockRealtime = 0
	clockHighest  = 3 // after the monotonic one, the CPU time of the process and of the thread
)

func (in *Instance) wasiClockRes(stack []uint64) uint32 {
	if uint32(stack[0]) > clockHighest {
		return errnoInval
	}
	if !in.mem.WriteUint64Le(uint32(stack[1]), 1) {
		return errnoFault
	}
	return errnoSuccess
}

func (in *Instance) wasiClockTime(stack []uint64) uint32 {
	t := in.host.Now()
	switch id := uint32(stack[0]); {
	case id > clockHighest:
		return errnoInval
	case id != clockRealtime:
		t = in.clock.read(t)
	}
	if !in.mem.WriteUint64Le(uint32(stack[2]), uint64(t)) {
		return errnoFault
	}
	return errnoSuccess
}

// random is a stream of random bytes that a batch determines. It is seeded when
// the guest first asks.
type random struct {
	source rand.ChaCha8
	seeded bool
}

func (r *random) seed(b Batch) {
	var seed [32]byte
	h := fnv.New128a()
	fmt.Fprintf(h, "%q", b.Topic)
	h.Sum(seed[:0])
	le.PutUint32(seed[16:], uint32(b.Partition))
	le.PutUint64(seed[20:], uint64(b.Offset))
	r.source.Seed(seed)
	r.seeded = true
}

func (in *Instance) wasiRandom(stack []uint64) uint32 {
	b, ok := in.mem.Read(uint32(stack[0]), uint32(stack[1]))
	if !ok {
		return errnoFault
	}
	if !in.random.seeded {
		in.random.seed(in.batch)
	}
	in.fuel.charge(bytesPerFuel * uint64(len(b))) // which takes longer than to copy them
	in.random.source.Read(b)                      // never fails
	return errnoSuccess
}

// wasiFdstat says that standard output and error are written to line by line,
// so that libraries do not hold text back.
func (in *Instance) wasiFdstat(stack []uint64) uint32 {
	if fd := uint32(stack[0]); fd != 1 && fd != 2 {
		return errnoBadf
	}
	const characterDevice, rightWrite = 2, 1 << 6
	var stat [24]byte
	stat[0] = characterDevice
	le.PutUint64(stat[8:], rightWrite)
	if !in.mem.Write(uint32(stack[1]), stat[:]) {
		return errnoFault
	}
	return errnoSuccess
}

// wasiPoll lets every wait end at once and successfully.
func (in *Instance) wasiPoll(stack []uint64) uint32 {
	const subscription, event, tagClock, flagAbsolute = 48, 32, 0, 1
	count := stack[2] & math.MaxUint32
	if count == 0 {
		return errnoInval
	}
	m := in.mem
	size := uint64(m.Size())
	from, to := stack[0]&math.MaxUint32, stack[1]&math.MaxUint32
	if from+count*subscription > size || to+count*event > size {
		return errnoFault
	}
	in.fuel.charge(count * bytesPerFuel * subscription)
	now := in.host.Now()
	for i := range count {
		s, _ := m.Read(uint32(from+i*subscription), subscription)
		var e [event]byte
		copy(e[:8], s[:8]) // what the guest knows the subscription by
		e[10] = s[8]       // its type
		if s[8] == tagClock {
			timeout := le.Uint64(s[24:])
			if s[40]&flagAbsolute != 0 {
				timeout -= min(timeout, uint64(in.clock.read(now)))
			}
			in.clock.wait(now, timeout)
		}
		m.Write(uint32(to+i*event), e[:])
	}
	if !m.WriteUint32Le(uint32(stack[3]), uint32(count)) {
		return errnoFault
	}
	return errnoSuccess
}

// line gathers what a guest prints until the line ends.
type line struct {
	text []byte
}

// wasiWrite makes log lines of what a guest prints: at level info from standard
// output, at level warn from standard error.
func (in *Instance) wasiWrite(stack []uint64) uint32 {
	fd := uint32(stack[0])
	if fd != 1 && fd != 2 {
		return errnoBadf
	}
	// What does not fit these bounds was not written, which the guest has to
	// expect of any write.
	const maxVecs, maxWrite = 1 << 10, 64 << 10
	m := in.mem
	var written int
	for i := range min(stack[2]&math.MaxUint32, maxVecs) {
		vec, ok := readAt(in, stack[1]&math.MaxUint32+i*8, 8)
		if !ok {
			return errnoFault
		}
		text, ok := m.Read(le.Uint32(vec), le.Uint32(vec[4:]))
		if !ok {
			return errnoFault
		}
		text = text[:min(len(text), maxWrite-written)]
		written += len(text)
		in.fuel.charge(bytesPerFuel * uint64(8+len(text))) // lines have to be found
		in.print(fd, text)
	}
	if !m.WriteUint32Le(uint32(stack[3]), uint32(written)) {
		return errnoFault
	}
	return errnoSuccess
}

// readAt reads guest memory at an address that may not fit 32 bits.
func readAt(in *Instance, ptr uint64, n uint32) ([]byte, bool) {
	if ptr > math.MaxUint32 {
		return nil, false
	}
	return in.mem.Read(uint32(ptr), n)
}

func (in *Instance) print(fd uint32, text []byte) {
	l := &in.output[fd-1]
	for len(text) != 0 {
		head, tail, ended := bytes.Cut(text, []byte{'\n'})
		l.text = append(l.text, head[:min(len(head), maxLine-len(l.text))]...)
		if ended {
			in.flushLine(fd)
		}
		text = tail
	}
}

func (in *Instance) flushLine(fd uint32) {
	l := &in.output[fd-1]
	if len(l.text) != 0 {
		in.host.Log(abi.LevelInfo+abi.Level(fd-1), l.text)
	}
	l.text = l.text[:0]
}

// flushLines logs what the guest did not end with a new line.
func (in *Instance) flushLines() {
	in.flushLine(1)
	in.flushLine(2)
}
