// Package examples holds runnable examples, in reading order. Each folder has a
// README.md, a configuration, the events that go in (in/TOPIC.txt) and those that
// come out (out/TOPIC.txt); the tests run every one against a broker.
package examples

import (
	"embed"
	"fmt"
	"io/fs"
)

// TopicSelector is the folder of the example that the demo runs.
const TopicSelector = "01-topic-selector"

//go:embed 01-topic-selector/weir.yaml
var files embed.FS

// Config is the configuration of an example, weir.yaml in its folder.
func Config(example string) ([]byte, error) {
	data, err := fs.ReadFile(files, example+"/weir.yaml")
	if err != nil {
		return nil, fmt.Errorf("example %s: %w", example, err)
	}
	return data, nil
}
