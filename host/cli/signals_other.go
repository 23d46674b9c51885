//go:build !unix

package cli

import "os"

// clearSignals make stopped pipelines go on. There are none here.
var clearSignals []os.Signal
