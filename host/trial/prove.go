package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir/host/manifest"
	"github.com/weirhq/weir/host/plugin"
	"github.com/weirhq/weir/host/wasm/section"
)

// Prove runs the cases that a module carries in its section and returns what
// fails, nil when all pass or it has none. The module must have the digest, in
// hexadecimal: a file can change between two looks.
func Prove(ctx context.Context, ref, digest string, opts plugin.Options) (err error) {
	suite, err := carried(ctx, ref, opts)
	if err != nil || suite == nil {
		return err
	}
	module, err := Load(ctx, ref, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, module.Close(ctx)) }()
	if module.Digest() != digest {
		return fmt.Errorf("module %s: the file changed while it was read; try again", ref)
	}
	var failed []string
	for _, c := range suite.Cases {
		outcome, err := Check(ctx, module, c)
		if err != nil {
			return err
		}
		if !outcome.Passed() {
			first := outcome.Mismatches[0]
			failed = append(failed, fmt.Sprintf("%q: %s: want %s, got %s", c.Name, first.What, line(first.Want), line(first.Got)))
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("module %s: %d of the %d test cases that it carries fail, %s (weir test %s shows all)",
			ref, len(failed), len(suite.Cases), strings.Join(failed, "; "), ref)
	}
	return nil
}

// carried reads the cases in a module's section, nil without one.
func carried(ctx context.Context, ref string, opts plugin.Options) (*Suite, error) {
	binary, err := plugin.Find(ctx, ref, opts)
	if err != nil {
		return nil, err
	}
	sections, err := section.Parse(binary)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", ref, err)
	}
	tests := manifest.Tests(sections)
	if tests == nil {
		return nil, nil
	}
	return ParseSuite(ref+"#"+manifest.TestsSection, tests)
}

// line is a text in one line, for an error.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }
