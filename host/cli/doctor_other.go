//go:build !linux

package cli

// openFiles knows the limit on Linux only.
func openFiles() (limit uint64, ok bool) { return 0, false }

// groupMemory is of Linux only.
func groupMemory() (limit int64, limited bool) { return 0, false }
