//go:build unix

package cli

import (
	"os"
	"syscall"
)

// clearSignals make stopped pipelines go on.
var clearSignals = []os.Signal{syscall.SIGUSR1}
