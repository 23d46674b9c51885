package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/weirhq/weir/host"
	"github.com/weirhq/weir/host/config"
	"github.com/weirhq/weir/host/plugin"
)

// load reads and checks the configuration. Warnings are printed; faults are
// the error.
func (a *app) load(f configFlags) (*host.Spec, error) {
	spec, faults := host.LoadSpec(config.Load{Files: f.files, Set: f.set, Environ: a.environ})
	if faults.Err() != nil {
		if !slices.Contains(f.files, defaultConfig) {
			return nil, faults
		}
		if _, err := os.Stat(defaultConfig); errors.Is(err, os.ErrNotExist) {
			return nil, usageError{fmt.Errorf("there is no %s here; name the configuration with -c FILE", defaultConfig)}
		}
		return nil, faults
	}
	a.printFaults(faults)
	return spec, nil
}

// cacheFlag says where compiled modules are kept.
type cacheFlag struct{ dir string }

const off = "off"

func (f *cacheFlag) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.dir, "cache-dir", "", "`DIR` that keeps fetched and compiled modules, or off (default: weir in the user's cache folder)")
}

// path is the directory, or "" for none. Who can write into it can run code: it
// is made with access for the user alone. The default is a convenience: where
// it cannot be had, as for a service without a home, compiling takes its place.
func (f *cacheFlag) path() string {
	switch f.dir {
	case off:
		return ""
	case "":
		base, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		dir := filepath.Join(base, "weir")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return ""
		}
		return dir
	}
	return f.dir
}

// moduleOptions are how commands without a configuration load modules.
func moduleOptions(cache cacheFlag) (plugin.Options, error) {
	dir := cache.path()
	modules, err := host.NewStore(host.ModulesSpec{}, dir, nil)
	return plugin.Options{CacheDir: dir, Store: modules}, err
}
