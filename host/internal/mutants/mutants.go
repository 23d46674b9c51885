// Package mutants proves that weir's checkers would notice if weir broke its
// promises. A mutant is weir itself with a few words of one function replaced:
// each breaks a promise, and has to be caught under its name by "weir verify", by
// the simulation, or by the metamorphic tests.
//
// The sources are not touched, and have no hooks for this: the replaced files
// exist in a go build -overlay only. All mutants are in one binary; an environment
// variable says which one it is, and without it the binary has to pass.
package mutants

// Judge is a checker that runs against a mutant.
type Judge int

// The judges.
const (
	// Verify is "weir verify": processes that are killed.
	Verify Judge = iota
	// VerifyExactlyOnce is the same with delivery: exactly_once.
	VerifyExactlyOnce
	// Simulation is host/internal/simulation, in fake time.
	Simulation
	// SimulationExactlyOnce is the same with delivery: exactly_once.
	SimulationExactlyOnce
	// Scenarios are the chosen stories of the simulation.
	Scenarios
	// Metamorphic is host/internal/metamorphic: modules in hosts of all kinds.
	Metamorphic
	judges
)

// Mutant is one way in which weir breaks a promise.
type Mutant struct {
	Name string
	// Package and Func say where: a folder, and a function or (*type).method.
	Package, Func string
	// Old occurs once in that function, and New takes its place, with mutated
	// standing for "weir is this mutant".
	Old, New string
	// Caught are the judges that have to find it, and as what.
	Caught map[Judge]string
}

// All are the mutants.
var All = []Mutant{
	{
		Name: "drops an event", Package: "host/pipeline", Func: "(*lane).conclude",
		Old:    "p.sink.Write(ctx, events, t.done)",
		New:    "if mutated && len(events) > 1 { events = events[1:] }; p.sink.Write(ctx, events, t.done)",
		Caught: map[Judge]string{Verify: "lost-write", VerifyExactlyOnce: "lost-write", Simulation: "lost:", Metamorphic: "lost:"},
	},
	{
		Name: "writes an event twice", Package: "host/kafka", Func: "(*Sink).Write",
		Old:    "s.gate.enter(ctx, len(events))",
		New:    "if mutated { events = append(events[:len(events):len(events)], events[len(events)-1]) }; s.gate.enter(ctx, len(events))",
		Caught: map[Judge]string{Verify: "duplicate", VerifyExactlyOnce: "duplicate", Simulation: "reordered:", Metamorphic: "duplicate:"},
	},
	{
		Name: "writes in another order", Package: "host/kafka", Func: "(*Sink).Write",
		Old:    "w.done = done",
		New:    "w.done = done; if mutated { for i, k := 0, len(events)-1; i < k; i, k = i+1, k-1 { events[i], events[k] = events[k], events[i] } }",
		Caught: map[Judge]string{Verify: "nonmonotonic-send", Simulation: "reordered:", Metamorphic: "reordered:"},
	},
	{
		Name: "changes a value", Package: "host/kafka", Func: "(*write).fill",
		Old:    `if e.Topic != "" {`,
		New:    `if n := len(r.Value); mutated && i == 0 && n > 0 { r.Value = append(append([]byte{}, r.Value[:n-1]...), r.Value[n-1]^64) }; if e.Topic != "" {`,
		Caught: map[Judge]string{Verify: "corrupt", Simulation: "corrupt:", Metamorphic: "corrupt:"},
	},
	{
		Name: "makes an empty value of a null one", Package: "host/kafka", Func: "(*write).fill",
		Old:    "if e.Stamped {",
		New:    "if mutated && r.Value == nil { r.Value = []byte{} }; if e.Stamped {",
		Caught: map[Judge]string{Verify: "corrupt"},
	},
	{
		Name: "acknowledges before the brokers do", Package: "host/kafka", Func: "(*Sink).Write",
		Old:    "w.fill(events, s.cfg.Topic)",
		New:    "w.fill(events, s.cfg.Topic); if mutated { done(nil); w.done = func(error) {} }",
		Caught: map[Judge]string{Simulation: "is ahead of"},
	},
	{
		Name: "commits past a gap", Package: "host/tracker", Func: "(*Tracker).End",
		Old:    "t.open(b).ended = true",
		New:    "t.open(b).ended = true; if mutated { p, moved = t.at(b).position, true }",
		Caught: map[Judge]string{Simulation: "is ahead of"},
	},
	{
		Name: "takes a failed write for done", Package: "host/pipeline", Func: "(*ticket).settle",
		Old:    "if err != nil {",
		New:    "if err != nil && !mutated {",
		Caught: map[Judge]string{Scenarios: "is ahead of"},
	},
	{
		Name: "marks after the revoke", Package: "host/kafka", Func: "(*partition).End",
		Old:    "if p.revoked {",
		New:    "if p.revoked && !mutated {",
		Caught: map[Judge]string{Simulation: "belongs to"},
	},
	{
		Name: "waits for nothing at a revoke", Package: "host/kafka", Func: "(*session).release",
		Old:    "drainErr := r.in.Drain(bounded, lanesOf(parts))",
		New:    "if mutated { cancel() }; drainErr := r.in.Drain(bounded, lanesOf(parts)); if mutated { drainErr = nil }",
		Caught: map[Judge]string{Simulation: "duplicate:"},
	},
	{
		Name: "does not commit at a revoke", Package: "host/kafka", Func: "(*session).finish",
		Old:    "if r.own != nil {",
		New:    "if mutated { return nil }; if r.own != nil {",
		Caught: map[Judge]string{Verify: "duplicate", Simulation: "duplicate:"},
	},
	{
		Name: "commits offsets outside of the transaction", Package: "host/kafka", Func: "(*incarnation).addOffsets",
		Old:    "id, epoch, err := n.client.Load().ProducerID(ctx)",
		New:    "if mutated { return n.commitAlone(ctx, client, done) }; id, epoch, err := n.client.Load().ProducerID(ctx)",
		Caught: map[Judge]string{SimulationExactlyOnce: "lost:"},
	},
	{
		Name: "commits where it has to abort", Package: "host/kafka", Func: "(*incarnation).close",
		Old:    "kgo.TryAbort",
		New:    "kgo.TransactionEndTry(mutated)",
		Caught: map[Judge]string{SimulationExactlyOnce: "duplicate:"},
	},
	{
		Name: "goes on after its partitions were lost", Package: "host/kafka", Func: "(*session).lost",
		Old:    "if r.writer != nil {",
		New:    "if r.writer != nil && !mutated {",
		Caught: map[Judge]string{SimulationExactlyOnce: "duplicate:"},
	},
	{
		Name: "loses dead letters", Package: "host/pipeline", Func: "(*chain).address",
		Old:    "l.origin < c.cut",
		New:    "l.origin < c.cut && !mutated",
		Caught: map[Judge]string{Verify: "lost-write", VerifyExactlyOnce: "lost-write", Simulation: "lost:", Metamorphic: "lost:"},
	},
	{
		Name: "uses an instance on after a trap", Package: "host/plugin", Func: "(*Processor).discard",
		Old:    "p.instance = nil",
		New:    "if mutated && !orderly { return nil }; p.instance = nil",
		Caught: map[Judge]string{Metamorphic: "corrupt:"},
	},
	{
		Name: "goes on with the old module after a reload", Package: "host/pipeline", Func: "(*chain).follow",
		Old:    "step.Version() == c.versions[i]",
		New:    "step.Version() == c.versions[i] || mutated",
		Caught: map[Judge]string{Metamorphic: "stale:"},
	},
	{
		Name: "writes into a wrong partition", Package: "host/kafka", Func: "(*keyedTopic).Partition",
		Old:    "return int(k.hash(r.Key) % uint32(n))",
		New:    "if mutated && len(r.Value)%5 == 0 { return int((k.hash(r.Key) + 1) % uint32(n)) }; return int(k.hash(r.Key) % uint32(n))",
		Caught: map[Judge]string{Metamorphic: "wrong partition:"},
	},
	{
		Name: "counts wrongly", Package: "host/pipeline", Func: "(*lane).take",
		Old:    "l.p.counters.batches.Add(1)",
		New:    "l.p.counters.batches.Add(1); if mutated { l.p.counters.consumed.Add(1) }",
		Caught: map[Judge]string{Verify: "books", Simulation: "the books say more"},
	},
}

func (j Judge) String() string {
	return [...]string{"weir verify", "weir verify, exactly once", "simulation", "simulation, exactly once", "scenarios", "metamorphic"}[j]
}
