package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/host/broker"
	"github.com/weirhq/weir/host/kafka"
)

// samples are what is sent to a topic.
type samples struct {
	topic, file string
	records     []broker.Record
}

// findSamples reads the files that flags name as TOPIC=FILE, or else in/TOPIC.txt
// beside the first file of the configuration.
func findSamples(named, configs []string) ([]samples, error) {
	files := make(map[string]string)
	for _, arg := range named {
		topic, file, ok := strings.Cut(arg, "=")
		if err := kafka.CheckTopicName(topic); !ok || err != nil {
			return nil, usageError{fmt.Errorf("--sample %s: write TOPIC=FILE", arg)}
		}
		files[topic] = file
	}
	if len(named) == 0 && len(configs) > 0 {
		beside, err := filepath.Glob(filepath.Join(filepath.Dir(configs[0]), "in", "*.txt"))
		if err != nil {
			return nil, fmt.Errorf("samples: %w", err)
		}
		for _, file := range beside {
			files[strings.TrimSuffix(filepath.Base(file), ".txt")] = file
		}
	}
	var all []samples
	for topic, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, usageError{fmt.Errorf("samples for %s: %w", topic, err)}
		}
		all = append(all, samples{topic, file, sampleRecords(topic, string(text))})
	}
	slices.SortFunc(all, func(a, b samples) int { return strings.Compare(a.topic, b.topic) })
	return all, nil
}

// sampleRecords reads lines KEY|VALUE, or VALUE of a record without a key.
func sampleRecords(topic, text string) []broker.Record {
	var records []broker.Record
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		r := broker.Record{Topic: topic, Value: []byte(line)}
		if key, value, ok := strings.Cut(line, "|"); ok {
			r.Key, r.Value = []byte(key), []byte(value)
		}
		records = append(records, r)
	}
	return records
}

// send sends a sample of each topic in turn, for ever, or all of them once.
func (w *workshop) send(ctx context.Context) error {
	if w.flags.every == 0 {
		for _, s := range w.samples {
			if err := w.client.Produce(ctx, s.records...); err != nil {
				return unlessOver(ctx, err)
			}
		}
		return nil
	}
	tick := time.NewTicker(w.flags.every)
	defer tick.Stop()
	for i := 0; ; i++ {
		for _, s := range w.samples {
			if len(s.records) == 0 {
				continue
			}
			if err := w.client.Produce(ctx, s.records[i%len(s.records)]); err != nil {
				return unlessOver(ctx, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// unlessOver is nil for an error that comes of the end of ctx.
func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
