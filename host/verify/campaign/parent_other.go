//go:build !linux

package campaign

import "os/exec"

// parent starts the processes. Other systems than Linux have no way to tie a
// process to another one.
type parent struct{}

func newParent() *parent { return new(parent) }

func (p *parent) run(cmd *exec.Cmd) error { return cmd.Start() }

func (p *parent) end() {}
