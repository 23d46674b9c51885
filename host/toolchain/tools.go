package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// environment is an environment as "NAME=value".
type environment []string

func (e environment) get(name string) string {
	for _, pair := range slices.Backward(e) {
		if n, value, ok := strings.Cut(pair, "="); ok && n == name {
			return value
		}
	}
	return ""
}

// look finds a program along PATH, or "".
func (e environment) look(name string) string {
	for _, dir := range filepath.SplitList(e.get("PATH")) {
		for _, ext := range extensions() {
			file := filepath.Join(dir, name+ext)
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && (ext != "" || info.Mode().Perm()&0o111 != 0) {
				return file
			}
		}
	}
	return ""
}

func extensions() []string {
	if runtime.GOOS == "windows" {
		return []string{".exe", ".cmd", ".bat"}
	}
	return []string{""}
}

// first finds the first of some programs, or "".
func (e environment) first(names ...string) string {
	for _, name := range names {
		if file := e.look(name); file != "" {
			return file
		}
	}
	return ""
}

// missing says that a tool is not there, and how to get it.
func missing(what, how string) error {
	return fmt.Errorf("%w: %s; %s", ErrToolchain, what, how)
}

// command is a tool to be run in the project's folder.
type command struct {
	args []string
	// env is set beside the environment.
	env []string
}

// run runs a tool; what it writes goes to the output.
func (p *project) run(ctx context.Context, c command) error {
	cmd := p.prepare(ctx, c)
	cmd.Stdout, cmd.Stderr = p.Output, p.Output
	return p.ended(c, cmd.Run())
}

// output runs a tool and returns what it writes to its standard output.
func (p *project) output(ctx context.Context, c command) ([]byte, error) {
	cmd := p.prepare(ctx, c)
	cmd.Stderr = p.Output
	out, err := cmd.Output()
	return out, p.ended(c, err)
}

func (p *project) prepare(ctx context.Context, c command) *exec.Cmd {
	if p.Command != nil {
		p.Command(c.String())
	}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = p.Dir
	cmd.Env = append(slices.Clone(p.Environ), c.env...)
	return cmd
}

func (p *project) ended(c command, err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s: %v", ErrBuild, filepath.Base(c.args[0]), err)
	}
	return err
}

// String is the command as one could type it.
func (c command) String() string {
	var words []string
	words = append(words, c.env...)
	words = append(words, filepath.Base(c.args[0]))
	for _, arg := range c.args[1:] {
		if strings.ContainsAny(arg, " '\"$*") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}
