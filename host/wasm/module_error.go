package wasm

import (
	"fmt"
	"strings"
)

// ModuleError is why a file cannot serve as a processor's module: every fault
// that was found, each with the way to mend it.
type ModuleError struct {
	Faults []string
}

func (e *ModuleError) Error() string {
	if len(e.Faults) == 1 {
		return e.Faults[0]
	}
	return fmt.Sprintf("%d faults:\n\t%s", len(e.Faults), strings.Join(e.Faults, "\n\t"))
}

func faultf(format string, args ...any) *ModuleError {
	return &ModuleError{Faults: []string{fmt.Sprintf(format, args...)}}
}
