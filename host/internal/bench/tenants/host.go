package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/telemetry"
)

// job is what the host's process is told, as JSON on its standard input, which
// ends when the host shall drain.
type job struct {
	Config string // file
	// Replace are the names of modules that are replaced, by turns, all the time.
	Replace []string
	Profile string // file for a heap profile, once all pipelines run; empty is none
}

// serve runs the host of a job. It prints a line once all pipelines run.
func serve(ctx context.Context) error {
	in := json.NewDecoder(os.Stdin)
	var j job
	if err := in.Decode(&j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{j.Config}})
	if err := faults.Err(); err != nil {
		return err
	}
	// A log as a service has it, written to where it costs but does not show.
	sink := zapcore.AddSync(io.Discard)
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), sink, zap.InfoLevel))
	h, err := host.New(ctx, spec, host.Options{CacheDir: cacheDir(), Cores: host.Spread(spec), Log: log, Stay: true, DrainTimeout: 2 * time.Second})
	if err != nil {
		return err
	}
	drain, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- h.Run(ctx, drain) }()
	for !running(h) {
		time.Sleep(10 * time.Millisecond)
	}
	if j.Profile != "" {
		if err := heapProfile(j.Profile); err != nil {
			return err
		}
	}
	fmt.Printf("running %d\n", runtime.NumGoroutine())
	reloading, stop := context.WithCancel(ctx)
	replaced := make(chan error, 1)
	go func() { replaced <- replace(reloading, h, j.Replace) }()
	_, err = io.Copy(io.Discard, io.MultiReader(in.Buffered(), os.Stdin))
	stop()
	err = errors.Join(err, <-replaced)
	close(drain)
	err = errors.Join(err, sparing(<-ended), h.Close(context.WithoutCancel(ctx)))
	return errors.Join(err, json.NewEncoder(os.Stdout).Encode(h.Usage()))
}

// sparing passes over the failures of the tenant bad, which a drain cuts short.
func sparing(err error) error {
	var stopped *host.StoppedError
	if errors.As(err, &stopped) && !slices.ContainsFunc(stopped.Pipelines, func(name string) bool { return !strings.HasPrefix(name, "bad/") }) {
		return nil
	}
	return err
}

func heapProfile(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.WriteHeapProfile(f), f.Close())
}

func cacheDir() string { return filepath.Join(os.TempDir(), "weir-bench-modules") }

func running(h *host.Host) bool {
	for _, p := range h.Pipelines() {
		if p.State != telemetry.Running {
			return false
		}
	}
	return true
}

// replace puts each other version of modules in their places, 100 times a second
// or as often as it goes.
func replace(ctx context.Context, h *host.Host, files []string) error {
	for n := 0; ctx.Err() == nil && len(files) > 0; n++ {
		for _, file := range files {
			next, err := os.ReadFile(file + "." + strconv.Itoa(n%2))
			if err != nil {
				return err
			}
			if err := os.WriteFile(file+".new", next, 0o600); err != nil {
				return err
			}
			if err := os.Rename(file+".new", file); err != nil {
				return err
			}
		}
		if _, err := h.Reload(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// child is the host's process.
type child struct {
	cmd        *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Reader
	started    time.Duration // until all pipelines ran
	goroutines int
}

func startChild(ctx context.Context, j job) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	c := &child{cmd: exec.CommandContext(ctx, self, "-child")}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := json.NewEncoder(c.in).Encode(j); err != nil {
		return nil, errors.Join(err, c.cmd.Wait())
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the host did not start: %w", err), c.cmd.Wait())
	}
	if _, err := fmt.Sscanf(line, "running %d", &c.goroutines); err != nil {
		return nil, fmt.Errorf("the host says %q: %w", line, err)
	}
	c.started = time.Since(began)
	return c, nil
}

// stop drains the host, and returns what its tenants have used.
func (c *child) stop() ([]host.TenantUsage, error) {
	err := c.in.Close()
	var used []host.TenantUsage
	err = errors.Join(err, json.NewDecoder(c.out).Decode(&used))
	return used, errors.Join(err, c.cmd.Wait())
}

// resident is the memory that the process holds, in bytes.
func (c *child) resident() (uint64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kib uint64
	if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
		return 0, fmt.Errorf("read VmRSS: %w", err)
	}
	return kib << 10, nil
}

// spent is the CPU time that the process has used.
func (c *child) spent() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, i := range []int{11, 12} { // utime and stime
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
