package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/weirhq/weir/host/kafka"
	"github.com/weirhq/weir/host/wasm"
)

// machine looks at what the process is given.
func machine(cacheDir string) []kafka.Finding {
	return []kafka.Finding{engine(), files(), memory(), compiled(cacheDir)}
}

func engine() kafka.Finding {
	f := kafka.Finding{What: "processors", Is: fmt.Sprintf("%s, %s, compiled modules", plural(runtime.GOMAXPROCS(0), "CPU"), platform())}
	if !wasm.Compiles() {
		f.Verdict, f.Is = kafka.Doubtful, platform()+", modules are interpreted"
		f.Remedy = "modules run 20 to 100 times slower than compiled. The compiler wants amd64 or arm64, and memory that may be executed: a hardened service must not set MemoryDenyWriteExecute"
	}
	return f
}

// enoughFiles is a small host's need: a connection for each client and broker,
// and modules.
const enoughFiles = 1024

func files() kafka.Finding {
	limit, ok := openFiles()
	f := kafka.Finding{What: "open files", Is: fmt.Sprintf("%d at most", limit)}
	switch {
	case !ok:
		f.Is = "no limit is known"
	case limit < enoughFiles:
		f.Verdict, f.Remedy = kafka.Doubtful, fmt.Sprintf("raise the limit to %d or more: ulimit -n, or LimitNOFILE of the service", enoughFiles)
	}
	return f
}

// memory says what the collector keeps to. Without a limit a container is killed
// before the collector works harder.
func memory() kafka.Finding {
	f := kafka.Finding{What: "memory"}
	group, limited := groupMemory()
	own := debug.SetMemoryLimit(-1) // asks only
	switch set := own < 1<<62; {
	case set:
		f.Is = fmt.Sprintf("the collector keeps to %s (GOMEMLIMIT)", bytesText(uint64(own)))
	case limited:
		f.Verdict, f.Is = kafka.Doubtful, fmt.Sprintf("the control group may use %s, and the collector does not know", bytesText(uint64(group)))
		f.Remedy = "set GOMEMLIMIT to about nine tenths of it"
	default:
		f.Is = "not limited"
	}
	return f
}

func compiled(dir string) kafka.Finding {
	f := kafka.Finding{What: "compiled modules", Is: "kept in " + dir}
	if dir == "" {
		f.Is = "not kept: each start compiles anew"
		return f
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return kafka.Finding{Verdict: kafka.Doubtful, What: f.What, Is: err.Error(), Remedy: "name a folder that can be written with --cache-dir: without one each start compiles anew"}
	}
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return kafka.Finding{Verdict: kafka.Doubtful, What: f.What, Is: err.Error(), Remedy: "name a folder that can be written with --cache-dir: without one each start compiles anew"}
	}
	_ = probe.Close()                           // nothing was written
	_ = os.Remove(filepath.Clean(probe.Name())) // an empty file that stays does no harm
	if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o022 != 0 {
		f.Verdict, f.Is = kafka.Bad, fmt.Sprintf("%s can be written by others (%s)", dir, info.Mode().Perm())
		f.Remedy = "chmod 700 " + dir + ": who can write there decides what runs"
	}
	return f
}
