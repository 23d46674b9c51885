package campaign

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// parentVariable makes a process of the test binary a parent.
const parentVariable = "WEIR_VERIFY_PARENT"

// runParent starts a process that holds on to the standard output, says so, and
// waits for its end.
func runParent() error {
	cmd := exec.Command("sleep", "600")
	cmd.Stdout = os.Stdout
	isolate(cmd)
	p := newParent()
	if err := p.run(cmd); err != nil {
		return err
	}
	fmt.Println("started")
	return cmd.Wait()
}

// TestProcessesEndWithTheirParent kills a parent: what it started must not live on.
func TestProcessesEndWithTheirParent(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), parentVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("started\n"))); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, out) // until nobody holds its other end
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("30 s later its process still runs")
	}
	_ = cmd.Wait() // which tells of the kill
}
