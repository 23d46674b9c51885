//go:build unix

package campaign

import (
	"os"
	"os/exec"
	"syscall"
)

// everyFault says that a process can be stopped and paused, not only killed.
const everyFault = true

// isolate keeps the signals of a terminal away from a process.
func isolate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
func pause(p *os.Process) error     { return p.Signal(syscall.SIGSTOP) }
func proceed(p *os.Process) error   { return p.Signal(syscall.SIGCONT) }
func hangUp(p *os.Process) error    { return p.Signal(syscall.SIGHUP) }
