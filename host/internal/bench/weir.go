package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/internal/wasmtest"
)

// The processors of the pipelines, as job.Module names them.
const (
	passthrough   = "passthrough" // a module of the bench's own
	spin          = "spin"        // another, which computes for some microseconds an event
	topicSelector = "builtin:topic-selector"
)

// The endings of the topic selector's targets.
const (
	heavySuffix = "-heavy"
	lightSuffix = "-light"
)

// runWeir runs a pipeline as `weir run` does: the host of a configuration file
// that leaves all but the names at the defaults.
func runWeir(ctx context.Context, j job) (_ result, err error) {
	dir, err := os.MkdirTemp("", "weir-bench-")
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file, err := writeConfig(dir, j)
	if err != nil {
		return result{}, err
	}
	spec, faults := host.LoadSpec(config.Load{Files: []string{file}})
	if err := faults.Err(); err != nil {
		return result{}, err
	}
	h, err := host.New(ctx, spec, host.Options{CacheDir: filepath.Join(os.TempDir(), "weir-bench-modules")})
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, h.Close(context.WithoutCancel(ctx))) }()
	return measureHost(ctx, j, h)
}

// measureHost runs the host for as long as the measurement takes.
func measureHost(ctx context.Context, j job, h *host.Host) (result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	drain := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		err := h.Run(ctx, drain)
		if stopped, ok := errors.AsType[*host.StoppedError](err); ok {
			err = errors.Join(stopped.Unwrap()...) // there is no log to look into
		}
		cancel(err)
		ended <- err
	}()
	r, err := measure(ctx, j, func() int64 { return int64(h.Samples()[0].Delivered) })
	close(drain)
	return r, errors.Join(err, <-ended)
}

func writeConfig(dir string, j job) (string, error) {
	text := fmt.Sprintf(`
connections: {kafka: {bootstrap_servers: %q}}
topics: {on_start: off}
pipelines:
  bench:
    source: {topic: %s, group_id: %s}
    sink: {topic: %s}
`, j.Broker, j.Input, j.Group, j.Output)
	if j.Module != "" {
		module, settings, err := processor(dir, j)
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("    processors: [{module: %q, config: %s}]\n", module, settings)
	}
	if j.Lanes > 0 {
		text += fmt.Sprintf("    ordering: key\n    lanes: %d\n", j.Lanes)
	}
	if j.Transactions {
		text += "    delivery: exactly_once\n"
	}
	file := filepath.Join(dir, "weir.yaml")
	return file, os.WriteFile(file, []byte(text), 0o600)
}

// processor returns what a pipeline says of its processor.
func processor(dir string, j job) (module string, settings []byte, err error) {
	if strings.HasPrefix(j.Module, "builtin:") {
		settings, err = json.Marshal(map[string]string{"above": j.Output + heavySuffix, "below": j.Output + lightSuffix})
		return j.Module, settings, err
	}
	guest := wasmtest.Passthrough()
	if j.Module == spin {
		guest = wasmtest.Spin(10_000)
	}
	module = filepath.Join(dir, j.Module+".wasm")
	return module, []byte("{}"), os.WriteFile(module, guest.Bytes(), 0o600)
}
