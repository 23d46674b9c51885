package campaign

import (
	"os/exec"
	"runtime"
	"syscall"
)

// parent starts the processes, which end when it does, however this process
// ends. Linux watches a thread for that, which lives for as long as the parent.
type parent struct {
	start chan func()
}

func newParent() *parent {
	p := &parent{start: make(chan func())}
	go func() {
		runtime.LockOSThread() // and it is never let go: the thread ends here
		for start := range p.start {
			start()
		}
	}()
	return p
}

// run starts a process.
func (p *parent) run(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	p.start <- func() { started <- cmd.Start() }
	return <-started
}

// end is called when no process runs any more.
func (p *parent) end() { close(p.start) }
