//go:build !unix

package campaign

import (
	"os"
	"os/exec"
)

// everyFault is false where a process can only be killed.
const everyFault = false

func isolate(*exec.Cmd) {}

func terminate(p *os.Process) error { return p.Kill() }
func pause(*os.Process) error       { return nil }
func proceed(*os.Process) error     { return nil }
func hangUp(*os.Process) error      { return nil }
