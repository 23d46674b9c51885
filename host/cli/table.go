package cli

import (
	"io"
	"strings"
	"unicode/utf8"
)

// table aligns columns. The last cell of a row may be of any length.
type table struct {
	out    io.Writer
	indent string
	rows   [][]string
}

func newTable(out io.Writer, indent string) *table { return &table{out: out, indent: indent} }

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) rowIf(has bool, cells ...string) {
	if has {
		t.row(cells...)
	}
}

// end prints the table.
func (t *table) end() {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			}
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		writeLine(t.out, "%s", strings.TrimRight(t.indent+line.String(), " "))
	}
}
