package host

import (
	"fmt"
	"path/filepath"

	"github.com/weirhq/weir/host/config"
)

// moduleConfig is what a module is configured with: config, laid over what
// config_file holds, key by key at the top. It is nil when neither is there.
func moduleConfig(s *config.Section) *config.Node {
	own := s.Get("config")
	file, pos, ok := s.Text("config_file")
	if !ok {
		return own
	}
	shared := readConfigFile(s, file, pos)
	switch {
	case shared == nil || own == nil:
		return shared
	case own.Kind != config.Map:
		s.Fault(own.Pos, "config", "must be a map of keys beside config_file", "its keys beat those of the file")
		return shared
	}
	merged := config.NewMap(own.Pos)
	for _, item := range shared.Items {
		if own.Find(item.Key) == nil {
			merged.Put(item.Key, item.Pos, item.Node)
		}
	}
	for _, item := range own.Items {
		merged.Put(item.Key, item.Pos, item.Node)
	}
	return merged
}

// readConfigFile reads a map from a YAML or JSON file beside the configuration.
// It returns nil after a fault.
func readConfigFile(s *config.Section, file string, pos config.Pos) *config.Node {
	path := file
	if !filepath.IsAbs(path) && pos.Line != 0 { // a place in a file
		path = filepath.Join(filepath.Dir(pos.File), path)
	}
	data, err := config.ReadFile(path)
	if err != nil {
		s.Fault(pos, "config_file", fmt.Sprintf("%q: %v", file, err), "paths begin at the folder of the configuration file")
		return nil
	}
	var faults config.Faults
	n := config.ParseYAML(path, data, &faults)
	for _, f := range faults {
		s.Report(f)
	}
	if len(faults.Errors()) > 0 {
		return nil
	}
	if n == nil || n.Kind != config.Map {
		s.Fault(pos, "config_file", fmt.Sprintf("%q does not hold a map of keys", file), "write in it what would stand under config")
		return nil
	}
	return n
}
