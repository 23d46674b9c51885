package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/host/broker"
)

// view prints what comes to topics, a line each: topic, key, value. It is told of
// records by one goroutine at a time.
type view struct {
	out    *terminal
	topics []string
	next   map[broker.Partition]int64 // the first offset that was not shown
}

func (v *view) show(r *broker.Record) {
	p := broker.Partition{Topic: r.Topic, Number: r.Partition}
	if r.Offset < v.next[p] {
		return
	}
	v.next[p] = r.Offset + 1
	line := v.out.bold(r.Topic) + "  "
	if r.Key != nil {
		line += v.out.dim(printable(r.Key)) + "  "
	}
	line += printable(r.Value)
	if reason := r.Header("weir.error.message"); reason != nil {
		line += "  " + v.out.red("# "+printable(reason))
	}
	writeLine(v.out, "%s", line)
}

// outputs are the topics that are written, and those of the configuration that no
// source reads: a processor may choose them.
func (w *workshop) outputs() []string {
	var read, written []string
	for name := range w.spec.Connections {
		uses := w.spec.Uses(name)
		read, written = append(read, uses.Read...), append(written, uses.Write...)
	}
	for _, list := range w.spec.Topics.ByConnection {
		for _, topic := range list {
			if !slices.Contains(read, topic.Name) {
				written = append(written, topic.Name)
			}
		}
	}
	slices.Sort(written)
	return slices.Compact(written)
}

// printable is text as it is, and anything else as Go would write it.
func printable(b []byte) string {
	if b == nil {
		return "(null)"
	}
	if !utf8.Valid(b) || strings.ContainsFunc(string(b), func(r rune) bool { return !strconv.IsPrint(r) }) {
		return fmt.Sprintf("%q", b)
	}
	return string(b)
}
