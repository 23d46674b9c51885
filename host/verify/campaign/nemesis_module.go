package campaign

import (
	"context"
	"encoding/binary"
	"os"
	"slices"
)

// What a process says of a reload.
const (
	saysReplaced = "module replaced"
	saysRefused  = "reload refused; everything stays as it is"
)

// reload puts another version of the module in its place. It does the same.
func (c *campaign) reload(ctx context.Context, f fault) error {
	c.module++
	return c.replaceModule(ctx, f, stamped(c.Module, c.module), saysReplaced)
}

// badReload offers a module that cannot be one. The old one must go on.
func (c *campaign) badReload(ctx context.Context, f fault) error {
	err := c.replaceModule(ctx, f, c.Module[:len(c.Module)/2], saysRefused)
	if err != nil {
		return err
	}
	return c.writeModule(stamped(c.Module, c.module))
}

func (c *campaign) replaceModule(ctx context.Context, f fault, binary []byte, says string) error {
	before := c.child.log.heard(says)
	if err := c.writeModule(binary); err != nil {
		return err
	}
	if err := hangUp(c.child.cmd.Process); err != nil {
		return err
	}
	c.did(f.name)
	return c.eventually(ctx, says, func() (bool, error) { return c.child.log.heard(says) > before, nil })
}

// writeModule replaces the file at once: a process that starts must not read half of it.
func (c *campaign) writeModule(binary []byte) error {
	file := c.moduleFile()
	if err := os.WriteFile(file+".new", binary, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// stamped is a module with a section that says nothing, which makes it another
// one.
func stamped(module []byte, version int) []byte {
	const name = "version"
	body := append([]byte{byte(len(name))}, name...)
	body = binary.AppendUvarint(body, uint64(version))
	out := append(slices.Clone(module), 0) // a custom section
	out = binary.AppendUvarint(out, uint64(len(body)))
	return append(out, body...)
}
