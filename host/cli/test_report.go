package cli

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/weirhq/weir/host/trial"
)

// testReport is what -o json prints. Its form is an interface.
type testReport struct {
	Modules []moduleReport `json:"modules"`
	Total   int            `json:"total"`
	Failed  int            `json:"failed"`
}

type moduleReport struct {
	Module string       `json:"module"`
	Digest string       `json:"digest"`
	Cases  []caseReport `json:"cases"`
}

type caseReport struct {
	Name       string           `json:"name"`
	Place      string           `json:"place"`
	OK         bool             `json:"ok"`
	Seconds    float64          `json:"seconds"`
	Memory     uint64           `json:"memory_bytes"`
	Fuel       uint64           `json:"fuel"`
	Mismatches []mismatchReport `json:"mismatches,omitempty"`
}

type mismatchReport struct {
	Place string `json:"place"`
	What  string `json:"what"`
	Want  string `json:"want"`
	Got   string `json:"got"`
}

func newCaseReport(o *trial.Outcome) caseReport {
	r := caseReport{Name: o.Case.Name, Place: o.Case.Pos.String(), OK: o.Passed(), Seconds: o.Elapsed.Seconds(), Memory: o.Memory, Fuel: o.Fuel}
	for _, m := range o.Mismatches {
		r.Mismatches = append(r.Mismatches, mismatchReport{m.Pos.String(), m.What, m.Want, m.Got})
	}
	return r
}

// write prints the report in a form for programs; people have seen it.
func (r *testReport) write(w io.Writer, form string) error {
	switch form {
	case outputJSON:
		return writeJSON(w, r)
	case outputJUnit:
		return r.writeJUnit(w)
	}
	return nil
}

// The elements of a JUnit report.
type (
	junitSuites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []junitSuite
	}
	junitSuite struct {
		XMLName  xml.Name `xml:"testsuite"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Time     string   `xml:"time,attr"`
		Cases    []junitCase
	}
	junitCase struct {
		XMLName xml.Name      `xml:"testcase"`
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (r *testReport) writeJUnit(w io.Writer) error {
	doc := junitSuites{Tests: r.Total, Failures: r.Failed}
	for _, m := range r.Modules {
		s := junitSuite{Name: m.Module, Tests: len(m.Cases)}
		seconds := 0.0
		for _, c := range m.Cases {
			seconds += c.Seconds
			entry := junitCase{Class: m.Module, Name: c.Name, Time: junitTime(c.Seconds)}
			if !c.OK {
				s.Failures++
				entry.Failure = &junitFailure{Message: c.Mismatches[0].What, Text: junitText(c.Mismatches)}
			}
			s.Cases = append(s.Cases, entry)
		}
		s.Time = junitTime(seconds)
		doc.Suites = append(doc.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitTime(seconds float64) string { return fmt.Sprintf("%.6f", seconds) }

func junitText(mismatches []mismatchReport) string {
	var b strings.Builder
	for _, m := range mismatches {
		fmt.Fprintf(&b, "%s: %s\n", m.Place, m.What)
		for _, line := range trial.Diff(m.Want, m.Got) {
			fmt.Fprintf(&b, "  %s %s\n", line.Sign, line.Text)
		}
	}
	return b.String()
}
