package wasmtest

import (
	_ "embed" // the table
	"fmt"
	"strings"
)

// Stage is when a module shows that it is hostile.
type Stage string

// The stages of a module's life.
const (
	AtLoad Stage = "load" // the file is refused
	AtOpen Stage = "open" // no instance can be made
	AtRun  Stage = "run"  // an event whose value begins with x fails, others pass
)

// Hostile is a module that a host has to survive.
type Hostile struct {
	Name  string
	Stage Stage
	// Message is part of what the host says to it.
	Message string
	// Bytes makes the file, which may be large.
	Bytes func() []byte
}

//go:embed testdata/hostile.txt
var hostileTable string

// Corpus is the hostile modules of testdata/hostile.txt, in its order.
func Corpus() []Hostile {
	var all []Hostile
	for line := range strings.Lines(hostileTable) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		stage, message, ok := strings.Cut(strings.TrimSpace(rest), " ")
		made, known := hostile[name]
		if !ok || !known {
			panic(fmt.Sprintf("wasmtest: hostile.txt: %q: no stage, no message, or no such module", line))
		}
		all = append(all, Hostile{name, Stage(stage), strings.TrimSpace(message), made})
	}
	return all
}
