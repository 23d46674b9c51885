package wasm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/weirhq/weir/host/abi"
)

// ErrNoMemory says that the guest has no buffer of the size asked for. The
// instance can be used on.
var ErrNoMemory = errors.New("the module has no memory for it")

// Host is what an instance reports to while it runs. Its methods are called
// from the goroutine that runs the instance; the bytes are valid during the
// call only.
type Host interface {
	// Log takes a line of the log.
	Log(level abi.Level, line []byte)
	// Metric takes a measurement. Its kind is a known one, its name UTF-8.
	Metric(kind abi.MetricKind, name []byte, value float64)
	// Now is the time, in ns since 1970, and the same during a batch.
	Now() int64
	// Yield is called after each millisecond or so. It may make the guest wait, and
	// returns for how long: that does not count as its time.
	Yield(ctx context.Context) time.Duration
}

// Batch is the place of a batch's first event. It seeds the random numbers
// that the guest gets during the batch.
type Batch struct {
	Topic     string
	Partition int32
	Offset    int64
}

// Reject is an input event that the guest handed to the error policy.
type Reject struct {
	Index   uint32
	Message string
}

// Trap is the end of an instance: the guest, or a host function that it
// called, trapped. The instance can only be closed.
type Trap struct {
	// Call is what trapped: an export's name or "start".
	Call string
	// Said is the reason that the guest gave by the error import, if any.
	Said string
	// Err is the trap with the guest's stack. It wraps an *abi.Error when the
	// cause was a violation of the ABI.
	Err error
	// Memory is how much of it the guest had, in bytes.
	Memory uint64

	limit   uint64 // of it
	refused error  // that the account had no more of it
	module  string // the name that the module gives itself
}

func (t *Trap) Error() string {
	said := ""
	if t.Said != "" {
		said = t.Said + ": "
	}
	var exhausted *Exhausted
	if t.refused != nil {
		said += t.refused.Error() + ": "
	} else if t.Memory > t.limit/2 && !errors.As(t.Err, &exhausted) { // a buffer that doubles may have found no room
		said += fmt.Sprintf("with %d KiB of memory, of the %d KiB of limits.memory: ", t.Memory>>10, t.limit>>10)
	}
	return fmt.Sprintf("%s: %s%s", t.Call, said, report(t.Err, t.module))
}

func (t *Trap) Unwrap() error { return t.Err }

// Instance is one running module with memory of its own. It belongs to one
// goroutine at a time. After a Trap or an *abi.Error it can only be closed.
type Instance struct {
	host   Host
	module string // the name that it gives itself
	mod    api.Module
	mem    api.Memory
	limit  uint64 // of the memory, in bytes
	ctx    callContext
	fuel   fuel
	memory memory
	stack  [2]uint64
	buffer api.Function
	proc   api.Function
	open   api.Function // nil when not exported
	end    api.Function // nil when not exported

	bufferAt, bufferSize uint32

	// The rest is the state of the running call.
	batch    Batch
	count    uint32 // of the batch's events, 0 outside of Process
	rejects  []Reject
	rejected []bool // by index; of this call only when there are rejects
	said     string
	clock    clock
	random   random
	output   [2]line // of file descriptors 1 and 2
}

// Instantiate makes an instance and initializes it.
func (m *Module) Instantiate(ctx context.Context, host Host, limits Limits) (*Instance, error) {
	in := &Instance{host: host, module: m.compiled.Name(), limit: uint64(m.bounds.Pages) * PageSize,
		fuel: fuel{limits: limits.orDefaults(), depth: m.bounds.CallDepth}}
	in.ctx.instance = in
	in.ctx.Context = ctx
	in.begin(Batch{})
	in.fuel.begin(0)
	in.memory.account, in.memory.limit = limits.Memory, in.limit
	start, err := in.memory.begin(&in.ctx, m.compiled)
	if err != nil {
		return nil, err
	}
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions()
	mod, err := m.runtime.engine.InstantiateModule(start, m.compiled, config)
	if err != nil {
		in.memory.end()
		return nil, &Trap{Call: "start", Said: in.said, Err: err, module: m.compiled.Name()}
	}
	in.ctx.Context = nil
	in.fuel.attach(mod)
	in.fuel.end()
	in.mod = mod
	in.mem = mod.ExportedMemory(abi.ExportMemory)
	in.buffer = mod.ExportedFunction(abi.ExportBuffer)
	in.proc = mod.ExportedFunction(abi.ExportProcess)
	in.open = mod.ExportedFunction(abi.ExportOpen)
	in.end = mod.ExportedFunction(abi.ExportClose)
	if init := mod.ExportedFunction(abi.ExportInitialize); init != nil {
		if err := in.call(ctx, init, abi.ExportInitialize); err != nil {
			return nil, errors.Join(err, in.shut(ctx))
		}
	}
	return in, nil
}

// begin resets what belongs to one call of the host's side.
func (in *Instance) begin(b Batch) {
	in.batch = b
	in.said = ""
	in.rejects = in.rejects[:0]
	in.random.seeded = false
	in.memory.refused = nil
}

// call runs an export with the parameters that are on the stack, and leaves its
// result there.
func (in *Instance) call(ctx context.Context, f api.Function, name string) error {
	err := in.callGuarded(ctx, f)
	if err != nil {
		in.flushLines()
		return &Trap{Call: name, Said: in.said, Err: err, Memory: uint64(in.mem.Size()), limit: in.limit, refused: in.memory.refused, module: in.module}
	}
	return nil
}

// callGuarded also makes a trap of a panic that the runtime does not catch
// itself, such as one over the debug information of a hostile module, which it
// reads to describe a trap.
func (in *Instance) callGuarded(ctx context.Context, f api.Function) (err error) {
	defer func() {
		in.ctx.Context = nil
		if p := recover(); p != nil {
			err = fmt.Errorf("the runtime failed: %v", p)
		}
	}()
	in.ctx.Context = ctx
	in.fuel.begin(in.count)
	defer in.fuel.end()
	return f.CallWithStack(&in.ctx, in.stack[:])
}

// Memory is the guest's memory as it is now. Any call may grow and move it.
func (in *Instance) Memory() []byte {
	b, _ := in.mem.Read(0, in.mem.Size())
	return b
}

// Buffer returns the address of a buffer of at least size bytes in the guest's
// memory. It asks the guest only to grow. The error is ErrNoMemory, a *Trap or
// an *abi.Error.
func (in *Instance) Buffer(ctx context.Context, size uint64) (uint32, error) {
	if size <= uint64(in.bufferSize) {
		return in.bufferAt, nil
	}
	if size > in.limit {
		return 0, ErrNoMemory
	}
	in.bufferSize = 0 // the guest may free the old buffer first
	const least = 16 << 10
	for _, ask := range []uint64{max(size+size/4, least) &^ (abi.BufferAlign - 1), size} {
		ptr, err := in.askBuffer(ctx, ask)
		if ptr != 0 || err != nil {
			return ptr, err
		}
	}
	return 0, ErrNoMemory
}

func (in *Instance) askBuffer(ctx context.Context, size uint64) (uint32, error) {
	in.stack[0] = size
	if err := in.call(ctx, in.buffer, abi.ExportBuffer); err != nil {
		return 0, err
	}
	ptr := uint32(in.stack[0])
	switch {
	case ptr == 0:
		return 0, nil
	case ptr%abi.BufferAlign != 0:
		return 0, abi.Errorf(abi.ExportBuffer, "pointer %d is not a multiple of %d", ptr, abi.BufferAlign)
	case uint64(ptr)+size > uint64(in.mem.Size()):
		return 0, abi.Errorf(abi.ExportBuffer, "pointer %d with size %d ends beyond the memory of %d bytes", ptr, size, in.mem.Size())
	}
	in.bufferAt, in.bufferSize = ptr, uint32(size)
	return ptr, nil
}

// Refusal says that the guest did not take its config.
type Refusal struct {
	Code   int32
	Reason string
}

func (r *Refusal) Error() string {
	if r.Reason == "" {
		return fmt.Sprintf("the module refuses its config with code %d and gives no reason", r.Code)
	}
	return "the module refuses its config: " + r.Reason
}

// Open hands the config to the guest. The error is a *Refusal when the guest
// does not like it.
func (in *Instance) Open(ctx context.Context, config []byte) error {
	if in.open == nil {
		return nil
	}
	in.begin(Batch{})
	ptr, err := in.Buffer(ctx, uint64(len(config)))
	if err != nil {
		return fmt.Errorf("config of %d bytes: %w", len(config), err)
	}
	copy(in.Memory()[ptr:], config)
	in.stack[0], in.stack[1] = uint64(ptr), uint64(len(config))
	if err := in.call(ctx, in.open, abi.ExportOpen); err != nil {
		return err
	}
	if code := int32(in.stack[0]); code != 0 {
		return &Refusal{Code: code, Reason: in.said}
	}
	return nil
}

// Process runs the guest on a batch of count entries that lie at address table,
// and returns the address and the number of the entries that it answers with.
// Rejects has what it rejected.
func (in *Instance) Process(ctx context.Context, b Batch, table, count uint32) (at, n uint32, err error) {
	in.begin(b)
	in.fuel.started = true
	in.count = count
	in.stack[0], in.stack[1] = uint64(table), uint64(count)
	err = in.call(ctx, in.proc, abi.ExportProcess)
	in.count = 0
	if err != nil {
		return 0, 0, err
	}
	return uint32(in.stack[0] >> 32), uint32(in.stack[0]), nil
}

// TakeFuel returns what the instance used since it was last asked.
func (in *Instance) TakeFuel() uint64 {
	spent := in.fuel.spent
	in.fuel.spent = 0
	return spent
}

// Rejects are the events that the guest rejected during the last Process, each
// once, in the order of the calls.
func (in *Instance) Rejects() []Reject { return in.rejects }

// Rejected tells for every event of the last Process whether it was rejected;
// it is nil when none was.
func (in *Instance) Rejected() []bool {
	if len(in.rejects) == 0 {
		return nil
	}
	return in.rejected
}

// Close ends the instance. With orderly, which is not for an instance that
// trapped, the guest is told before.
func (in *Instance) Close(ctx context.Context, orderly bool) error {
	var err error
	if orderly && in.end != nil {
		in.begin(in.batch)
		err = in.call(ctx, in.end, abi.ExportClose)
	}
	in.flushLines()
	return errors.Join(err, in.shut(ctx))
}

func (in *Instance) shut(ctx context.Context) error {
	err := in.mod.Close(ctx)
	in.memory.end()
	return err
}

// callContext carries the instance to the host functions that it calls. There
// is one an instance, so that a call allocates none.
type callContext struct {
	context.Context
	instance *Instance
}

type instanceKey struct{}

func (c *callContext) Value(key any) any {
	if _, ok := key.(instanceKey); ok {
		return c.instance
	}
	return c.Context.Value(key)
}

func instanceOf(ctx context.Context) *Instance {
	return ctx.Value(instanceKey{}).(*Instance)
}
