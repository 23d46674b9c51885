package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/weirhq/weir/host/broker"
)

// job is what a contender's process is told, as JSON on its standard input.
type job struct {
	Broker string // host:port
	Group  string
	Input  string
	Output string // topic; the topic selector's are Output-heavy and Output-light
	Events int64  // in the input topic
	Module string // of the pipeline's processor; empty is none
	// Lanes of a partition, which share its events by key; 0 is one.
	Lanes int
	// Transactions: the pipeline delivers exactly once.
	Transactions bool
	// Profile is the path, less its ending, of the profiles to write; empty
	// is none.
	Profile string
}

// runChild is the body of a child process: the broker, which serves until its
// standard input ends, or a contender, which prints its result as JSON.
func runChild(ctx context.Context, role string) error {
	if role == "broker" {
		return serveBroker()
	}
	var j job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	var result result
	var err error
	switch role {
	case "bare":
		result, err = runBare(ctx, j)
	case "weir":
		result, err = runWeir(ctx, j)
	default:
		return fmt.Errorf("unknown child %q", role)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func serveBroker() error {
	b, err := broker.Start(broker.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	fmt.Println(b.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, b.Close())
}

// startBroker starts the broker's process. stop ends it and waits.
func startBroker(ctx context.Context) (addr string, stop func() error, err error) {
	cmd, err := self(ctx, "broker")
	if err != nil {
		return "", nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error { return errors.Join(in.Close(), cmd.Wait()) }
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		return "", nil, errors.Join(fmt.Errorf("the broker did not start: %w", err), stop())
	}
	return addr, stop, nil
}

// runContender runs one job in a process of its own.
func runContender(ctx context.Context, role string, j job) (result, error) {
	cmd, err := self(ctx, role)
	if err != nil {
		return result{}, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return result{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	var r result
	err = errors.Join(
		json.NewEncoder(in).Encode(j),
		in.Close(),
		json.NewDecoder(out).Decode(&r),
	)
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return result{}, fmt.Errorf("%s of %s: %w", role, j.Input, err)
	}
	return r, nil
}

func self(ctx context.Context, role string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, "-child", role)
	cmd.Stderr = os.Stderr
	return cmd, nil
}
