package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/store"
)

var (
	one = "sha256:" + strings.Repeat("1", 64)
	two = "sha256:" + strings.Repeat("2", 64)
)

func TestParse(t *testing.T) {
	for ref, want := range map[string]store.Reference{
		"enrich.wasm":                           {Name: "enrich.wasm"},
		"file:/srv/enrich.wasm":                 {Name: "/srv/enrich.wasm"},
		"a:b.wasm":                              {Name: "a:b.wasm"},
		"enrich.wasm@" + one:                    {Name: "enrich.wasm", Digest: one},
		"enrich.wasm#" + strings.ToUpper(one):   {Name: "enrich.wasm#" + strings.ToUpper(one)},
		"builtin:drop@" + one:                   {Kind: store.Builtin, Name: "drop", Digest: one},
		"https://h/a.wasm":                      {Kind: store.HTTPS, Name: "https://h/a.wasm"},
		"https://h:1/a.wasm?x=1@" + one:         {Kind: store.HTTPS, Name: "https://h:1/a.wasm?x=1", Digest: one},
		"oci://h:5000/team/a:1.2":               {Kind: store.OCI, Name: "h:5000/team/a:1.2"},
		"oci://h/a@" + one:                      {Kind: store.OCI, Name: "h/a", Manifest: one},
		"oci://h/a:1@" + one + "#" + two:        {Kind: store.OCI, Name: "h/a:1", Manifest: one, Digest: two},
		"oci://h/a:1#" + two:                    {Kind: store.OCI, Name: "h/a:1", Digest: two},
		"oci://h/a:1#" + two + "@" + one:        {Kind: store.OCI, Name: "h/a:1", Manifest: one, Digest: two},
		"builtin:drop@" + one + "#" + one:       {Kind: store.Builtin, Name: "drop", Digest: one},
		"file:a.wasm@sha256:" + one[7:70] + "A": {Name: "a.wasm", Digest: "sha256:" + one[7:70] + "a"},
	} {
		got, err := store.Parse(ref)
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", ref, diff)
		}
		if again, err := store.Parse(got.String()); err != nil || again != got {
			t.Errorf("%s as %s: %v, %+v", ref, got, err, again)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for ref, want := range map[string]string{
		"":                              "the reference is empty",
		"file:":                         "names nothing",
		"builtin:":                      "names nothing",
		"http://h/a.wasm":               `unknown scheme "http"; name a path, builtin:NAME, https://`,
		"a.wasm@sha256:123":             `"sha256:123" is not a digest`,
		"a.wasm@" + one + "#" + two:     "pinned to two digests",
		"https://h":                     "names no file",
		"https://h/%zz":                 "not a URL",
		"https://me:s3cr3t@h/a.wasm":    "holds a login; write it into modules.hosts",
		"https://me:s3cr3t%zz@h/a.wasm": "not a URL",
		"https://h/a.wasm#part":         "has a fragment",
		"oci://h/a":                     "has neither a tag nor the digest",
		"oci://h":                       "write oci://HOST/NAME:TAG",
		"oci://h/A b:1":                 "write oci://HOST/NAME:TAG",
		"oci://me:s3cr3t@h/a:1":         "logins into modules.hosts",
		"oci:h/a":                       "has neither a tag",
	} {
		_, err := store.Parse(ref)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: error is %v, want %s", ref, err, want)
		}
	}
}

func TestShortAndHost(t *testing.T) {
	for ref, want := range map[string][2]string{
		"modules/enrich.wasm":              {"enrich", ""},
		"builtin:drop":                     {"drop", ""},
		"https://h:1/x/enrich.wasm?y=/z":   {"enrich", "h:1"},
		"oci://h:5000/team/enrich:1.2":     {"enrich", "h:5000"},
		"oci://h:5000/enrich@" + one:       {"enrich", "h:5000"},
		"oci://example.com/team/enrich:v1": {"enrich", "example.com"},
	} {
		r, err := store.Parse(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{r.Short(), r.Host()}; got != want {
			t.Errorf("%s: %q, want %q", ref, got, want)
		}
	}
}

func TestShow(t *testing.T) {
	for ref, want := range map[string]string{
		"a?b.wasm":                       "a?b.wasm",
		"https://h/a.wasm":               "https://h/a.wasm",
		"https://h/a.wasm?token=s3cr3t":  "https://h/a.wasm?***",
		"https://h/a.wasm?t=s@" + one:    "https://h/a.wasm?***@" + one,
		"oci://h/a:1@" + one + "#" + two: "oci://h/a:1@" + one + "#" + two,
	} {
		if got := store.Show(ref); got != want {
			t.Errorf("%s shows %s, want %s", ref, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a.wasm", "builtin:x", "https://h/a?b@" + one, "oci://h:1/a:1@" + one + "#" + two, "oci://h/a@sha256:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		r, err := store.Parse(ref)
		if err != nil {
			return
		}
		_, _ = r.Short(), r.Host()
		again, err := store.Parse(r.String())
		if err != nil || again != r {
			t.Errorf("%q is %+v, and its String %q is %+v: %v", ref, r, r.String(), again, err)
		}
	})
}
