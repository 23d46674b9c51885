package cli

import (
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// openFiles is the limit of open files. Go raises the soft one to the hard one at
// the start of a process.
func openFiles() (limit uint64, ok bool) {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil {
		return 0, false
	}
	return r.Cur, true
}

// groupMemory is the least memory.max of the process's control group, of version 2, and
// of those above it.
func groupMemory() (limit int64, limited bool) {
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	_, group, found := strings.Cut(strings.TrimSpace(string(own)), "::")
	if !found {
		return 0, false
	}
	for ; ; group = path.Dir(group) {
		text, err := os.ReadFile("/sys/fs/cgroup" + path.Join(group, "/memory.max"))
		if n, perr := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && perr == nil && (!limited || n < limit) {
			limit, limited = n, true
		}
		if group == "/" || group == "." {
			return limit, limited
		}
	}
}
