package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadINI holds what ASAB adds to configparser: includes and references to
// other options.
func TestReadINI(t *testing.T) {
	environ := []string{"HOST=h", "DIR=d", "A=env"}
	tests := []struct {
		name         string
		files        map[string]string
		want, faults string
	}{
		{"references stay", map[string]string{"f.conf": "[s]\na=${HOST}-${X:-y}-${file:p}-$$-$x-$\n"}, "/s/a = ${HOST}-${X:-y}-${file:p}-$$-$x-$ @f.conf:2:3\n", ""},
		{"another option", map[string]string{"f.conf": "[s]\na=1\nb=<${s:a}>\nc=${B}\n"}, "/s/a = 1 @f.conf:2:3\n/s/b = <1> @f.conf:3:3\n/s/c = <1> @f.conf:4:3\n", ""},
		{"names without case", map[string]string{"f.conf": "[s:t]\nKey=1\n[u]\nb=${s:t:KEY}\n"}, "/s:t/key = 1 @f.conf:2:5\n/u/b = 1 @f.conf:4:3\n", ""},
		{"the environment first", map[string]string{"f.conf": "[s]\na=1\nb=${A}\n"}, "/s/a = 1 @f.conf:2:3\n/s/b = ${A} @f.conf:3:3\n", ""},
		{"a name of its own", map[string]string{"f.conf": "[s]\npassword=${PASSWORD}\n"}, "/s/password = ${PASSWORD} @f.conf:2:10\n", ""},
		{"what is referred to refers", map[string]string{"f.conf": "[s]\na=${s:b}\nb=${s:c}$$\nc=${HOST}\n"}, "/s/a = ${HOST}$$ @f.conf:2:3\n/s/b = ${HOST}$$ @f.conf:3:3\n/s/c = ${HOST} @f.conf:4:3\n", ""},
		{"circle", map[string]string{"f.conf": "[s]\na=${s:b}\nb=${s:a}\n"}, "/s/a = ${s:b} @f.conf:2:3\n/s/b = ${s:a} @f.conf:3:3\n", "f.conf:2:3: [s]: refers to itself, or over more than 10 options\nf.conf:3:3: [s]: refers to itself, or over more than 10 options"},
		{"no section", map[string]string{"f.conf": "[vars]\na=${var:b}\n"}, "/vars/a = ${var:b} @f.conf:2:3\n", "f.conf:2:3: [vars]: ${var:b}: there is no section [var], did you mean \"vars\"? (write $$ for a dollar sign that is meant as one)"},
		{"no option", map[string]string{"f.conf": "[s]\nabc=1\nx=${s:abd}\n"}, "/s/abc = 1 @f.conf:2:5\n/s/x = ${s:abd} @f.conf:3:3\n", "f.conf:3:3: [s]: ${s:abd}: section [s] has no abd, did you mean \"abc\"? (write $$ for a dollar sign that is meant as one)"},
		{"open brace", map[string]string{"f.conf": "[s]\na=${s:b\n"}, "/s/a = ${s:b @f.conf:2:3\n", ""},
		{
			"included files win",
			map[string]string{"f.conf": "[general]\ninclude=${DIR}/*.conf\n[s]\na=1\nb=1\n", "d/1.conf": "[s]\na=2\n", "d/2.conf": "[s]\na=3\nc=${s:b}\n"},
			"/s/a = 3 @d/2.conf:2:3\n/s/b = 1 @f.conf:5:3\n/s/c = 1 @d/2.conf:3:3\n", "",
		},
		{
			"lines, colons and circles",
			map[string]string{"f.conf": "[general]\ninclude=\n  a.conf\n  b.conf\n", "a.conf": "[general]\ninclude=f.conf:c.conf\n[s]\na=1\n", "b.conf": "[s]\nb=1\n", "c.conf": "[s]\nc=1\n"},
			"/s/a = 1 @a.conf:4:3\n/s/c = 1 @c.conf:2:3\n/s/b = 1 @b.conf:2:3\n", "",
		},
		{
			"paths move",
			map[string]string{"f.conf": "[general]\ninclude=d/1.conf\n[s]\na=${s:b}\n", "d/1.conf": "[s]\nb=${file:p}/${file:/q}\n"},
			"/s/a = ${file:d/p}/${file:/q} @f.conf:4:3\n/s/b = ${file:p}/${file:/q} @d/1.conf:2:3\n", "",
		},
		{"nothing there", map[string]string{"f.conf": "[general]\ninclude=no.conf\nother=1\n"}, "/general/other = 1 @f.conf:3:7\n", "f.conf:2:9: warning: [general] include: no file is called \"no.conf\" (paths begin at the folder of the file that includes)"},
		{"not INI", map[string]string{"f.conf": "[general]\ninclude=x.yaml\n", "x.yaml": "a: 1\n"}, " {}\n", "f.conf:2:9: [general] include: \"x.yaml\" is not INI (.conf, .ini, .cfg) (give it to weir with a -c of its own)"},
		{"elsewhere", map[string]string{"f.conf": "[general]\ninclude=zookeeper:///site.json\n"}, " {}\n", "f.conf:2:9: [general] include: files are included, not what is elsewhere (write what ZooKeeper has into a file)"},
		{"bad pattern", map[string]string{"f.conf": "[general]\ninclude=[\n"}, " {}\n", "f.conf:2:9: [general] include: \"[\": syntax error in pattern"},
		{"no variable", map[string]string{"f.conf": "[general]\ninclude=${NOT}/x.conf\n"}, " {}\n", "f.conf:2:9: [general] include: environment variable NOT is not set; set it or give a default: ${NOT:-value}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, text := range test.files {
				if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var faults Faults
			got := outline(ReadINI("f.conf", environ, &faults))
			if diff := cmp.Diff([]string{test.want, test.faults}, []string{got, faults.Error()}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestPasswordsAreSecret follows the values of [passwords] to where they are used.
func TestPasswordsAreSecret(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "[passwords]\na=x\n[s]\nb=<${passwords:a}>\nc=${s:b}\nd=${s:e}\ne=1\n"
	if err := os.WriteFile("f.conf", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var faults Faults
	root := ReadINI("f.conf", []string{}, &faults)
	var secret []string
	for _, item := range root.Find("s").Items {
		if item.Node.Secret {
			secret = append(secret, item.Key)
		}
	}
	if got := strings.Join(secret, ""); got != "bc" || len(faults) > 0 {
		t.Errorf("%q are secret, want b and c; faults: %v", got, faults)
	}
	if !root.Find("passwords").Used || !root.Find("s").Used {
		t.Error("a section that others refer to is not marked as used")
	}
}
