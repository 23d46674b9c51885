package config

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// load writes files into a folder of its own and loads them in order.
func load(t *testing.T, l Load, files ...string) *Section {
	t.Helper()
	t.Chdir(t.TempDir())
	for i, text := range files {
		name := string(rune('a'+i)) + ".yaml"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		l.Files = append(l.Files, name)
	}
	if l.Environ == nil {
		l.Environ = []string{}
	}
	return l.Tree()
}

func TestSectionReads(t *testing.T) {
	s := load(t, Load{}, `
text: x
Number-One: 0x10
flag: "T"
wait: 1.5
size: 4KiB
word: EARLIEST
words: [a, "b c"]
more: "d, e"
tree: {a: [1, "2"]}
empty:
below: {key: v}
`)
	got := map[string]any{
		"text":   s.String("text", "-"),
		"absent": s.String("absent", "-"),
		"empty":  s.String("empty", "-"),
		"number": s.Int("number.one", 0, 0, 100),
		"flag":   s.Bool("flag", false),
		"wait":   s.Duration("wait", 0, time.Second),
		"size":   s.Size("size", 0),
		"word":   s.Enum("word", "latest", "earliest", "latest"),
		"words":  s.StringList("words"),
		"more":   s.StringList("more"),
		"tree":   string(s.JSON("tree")),
		"below":  s.Section("below").String("key", "-"),
		"none":   s.Section("none").Present(),
	}
	want := map[string]any{
		"text": "x", "absent": "-", "empty": "-", "number": int64(16), "flag": true, "wait": 1500 * time.Millisecond,
		"size": int64(4096), "word": "earliest", "words": []string{"a", "b", "c"}, "more": []string{"d", "e"},
		"tree": `{"a":[1,"2"]}`, "below": "v", "none": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if faults := s.Finish(); len(faults) > 0 {
		t.Errorf("faults: %v", faults)
	}
}

func TestSectionFaults(t *testing.T) {
	load(t, Load{}, `
number: x
range: 11
flag: 3
word: wrong
list: [a, {b: c}]
text: [a]
map: v
group.id: a
group_id: b
same.key: a
same_key: a
unknwon: 1
below: {upper: 1, inner_key: 2}
inner: 1
secret: ${file:secret}
`)
	if err := os.WriteFile("secret", []byte("hidden"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Load{Files: []string{"a.yaml"}, Environ: []string{}}.Tree() // again, with the secret
	s.Int("number", 0, 0, 10)
	s.Int("range", 0, 0, 10)
	s.Bool("flag", false)
	s.Enum("word", "right", "right", "left")
	s.StringList("list")
	s.String("text", "")
	s.Section("map")
	s.String("group.id", "")
	s.String("same.key", "")
	s.Int("secret", 0, 0, 10)
	s.Know("unknown", "upper")
	below := s.Section("below")
	below.Know("inner")
	below.String("inner.keys", "")
	want := strings.TrimSpace(`
a.yaml:2:9: number: "x" must be an integer
a.yaml:3:8: range: "11" must be between 0 and 10
a.yaml:4:7: flag: "3" must be true or false
a.yaml:5:7: word: "wrong" must be one of right, left
a.yaml:6:11: list[1]: must be text, not a map
a.yaml:7:7: text: must be a single value, not a list
a.yaml:8:6: map: must be a map of keys, not a value
a.yaml:10:1: group_id: says something else than group.id, another spelling of it, at a.yaml:9:1 (keep one)
a.yaml:13:1: unknwon: unknown key (did you mean "unknown"?)
a.yaml:14:9: below.upper: unknown key (it belongs one level up, at the top of the file)
a.yaml:14:19: below.inner_key: unknown key (did you mean "inner_keys"?)
a.yaml:15:1: inner: unknown key (it belongs one level down, in below)
a.yaml:16:9: secret: "***" must be an integer
`)
	if diff := cmp.Diff(want, s.Finish().Error()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestLayers shows which origin wins, in whatever spelling, and where a value
// is said to come from.
func TestLayers(t *testing.T) {
	s := load(t, Load{
		Environ: []string{"WEIR_NAMES__MY_NAME__KEY_THREE=environment", "WEIR_NAMES__MY_NAME__KEY_FOUR=$$", "WEIR_HOME=x", "OTHER__X=y"},
		Set:     []string{"names.My-Name.key.four=a=b", "names.new.key.one=set", "names.dot.ted.key=d"},
		Sections: func(path []string) bool {
			return path[0] == "names" && len(path) <= 2
		},
	}, `
names:
  My-Name: {key.one: a, key.two: a, key.three: a, list: [a, b]}
  dot.ted: {key: a}
`, `
names:
  My-Name: {key_two: b, list: [c], key.one: null}
`)
	names := s.Section("names")
	my, fresh, dotted := names.Section("My-Name"), names.Section("new"), names.Section("dot.ted")
	var got []string
	for _, v := range []struct {
		s    *Section
		name string
	}{{my, "key.one"}, {my, "key.two"}, {my, "key.three"}, {my, "key.four"}, {fresh, "key.one"}, {dotted, "key"}} {
		text, pos, _ := v.s.Text(v.name)
		got = append(got, v.name+" = "+text+" @ "+pos.String())
	}
	got = append(got, my.StringList("list")...)
	want := []string{
		"key.one =  @ a.yaml:3:12",
		"key.two = b @ b.yaml:3:22",
		"key.three = environment @ environment variable WEIR_NAMES__MY_NAME__KEY_THREE",
		"key.four = a=b @ --set names.My-Name.key.four",
		"key.one = set @ --set names.new.key.one",
		"key = d @ --set names.dot.ted.key",
		"c",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if faults := s.Finish(); len(faults) > 0 {
		t.Errorf("faults: %v", faults)
	}
}

func TestReadFileIsBounded(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("big.yaml", make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	s := Load{Files: []string{"big.yaml"}, Environ: []string{}}.Tree()
	if got, want := s.Finish().Error(), "big.yaml: is larger than 4194304 bytes"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
