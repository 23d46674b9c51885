package section_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/host/internal/wasmtest"
	"github.com/weirhq/weir/host/wasm/section"
)

func parse(t *testing.T, file []byte) *section.Module {
	t.Helper()
	m, err := section.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestOutline(t *testing.T) {
	m := new(wasmtest.Module)
	m.Import("weir", "log", "iii")
	m.Memory(2).MemoryFlags(1, 3, 4)
	m.Table(5)
	m.Table(6, 7)
	start := m.Func("", "ii")
	m.Export("f", m.Func("iI:F", "")).ExportKind("memory", wasmtest.KindMemory, 0)
	m.Start(start)
	got, err := parse(t, m.Bytes()).Outline()
	if err != nil {
		t.Fatal(err)
	}
	want := &section.Outline{
		Types:    []section.FuncType{{Params: []byte{0x7f, 0x7f, 0x7f}, Results: []byte{}}, {Params: []byte{}, Results: []byte{}}, {Params: []byte{0x7f, 0x7e}, Results: []byte{0x7c}}},
		Imports:  []section.Imported{{Module: "weir", Name: "log"}},
		Funcs:    []uint32{0, 1, 2},
		Tables:   []section.TableType{{Elem: 0x70, Limits: section.Limits{Min: 5}}, {Elem: 0x70, Limits: section.Limits{Min: 6, Max: 7, Bounded: true, Flags: 1}}},
		Memories: []section.Limits{{Min: 2}, {Min: 3, Max: 4, Bounded: true, Flags: 1}},
		Exports:  []section.Exported{{Name: "f", Index: 2}, {Name: "memory", Kind: section.MemoryKind}},
		Bodies:   []section.Body{{Size: 6, Locals: 2}, {Size: 2}},
		Start:    true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outline (-want +got):\n%s", diff)
	}
	if n := got.ImportedFuncs(); n != 1 {
		t.Errorf("%d imported functions, want 1", n)
	}
	if typ, ok := got.FuncType(2); !ok || typ.String() != "(i32, i64) -> (f64)" {
		t.Errorf("function 2 has type %v, %v", typ, ok)
	}
	if typ, ok := got.FuncType(3); ok {
		t.Errorf("function 3 has type %v", typ)
	}
}

func TestCustoms(t *testing.T) {
	file := wasmtest.Passthrough().Custom(".debug_info", "D").Custom("weir.plugin", "old").Custom("name", "\x00\x01x").
		Custom("weir.plugin", "older").Custom("reloc.CODE", "R").Bytes()
	m := parse(t, file)
	if diff := cmp.Diff([][]byte{[]byte("old"), []byte("older")}, m.Customs("weir.plugin")); diff != "" {
		t.Errorf("customs (-want +got):\n%s", diff)
	}
	if !bytes.Equal(m.Bytes(), file) {
		t.Error("a module that was not changed is not written as it was read")
	}
	m.SetCustom("weir.plugin", []byte("new"))
	m.StripDebug()
	want := wasmtest.Passthrough().Custom("name", "\x00\x01x").Custom("weir.plugin", "new").Bytes()
	if got := m.Bytes(); !bytes.Equal(got, want) {
		t.Errorf("module is\n%q, want\n%q", got, want)
	}
	again := parse(t, want)
	again.SetCustom("weir.plugin", []byte("new"))
	if got := again.Bytes(); !bytes.Equal(got, want) {
		t.Errorf("setting the same section once more gives\n%q, want\n%q", got, want)
	}
	for _, s := range again.Sections[:len(again.Sections)-1] {
		if head := want[s.Offset]; section.ID(head) != s.ID || s.Size < len(s.Body)+2 {
			t.Errorf("%v section: byte %d is %d, size %d for %d bytes", s.ID, s.Offset, head, s.Size, len(s.Body))
		}
	}
}

func TestReplace(t *testing.T) {
	m := parse(t, wasmtest.Passthrough().Table(1).Bytes())
	m.Replace(section.Table, []byte{2, 0x70, 1, 1, 0xac, 2, 0x6f, 0, 2}) // of functions from 1 to 300, of externals from 2
	m.Replace(section.Element, []byte{0})                                // is not there
	got, err := parse(t, m.Bytes()).Outline()
	if err != nil {
		t.Fatal(err)
	}
	want := []section.TableType{{Elem: 0x70, Limits: section.Limits{Min: 1, Max: 300, Bounded: true, Flags: 1}}, {Elem: 0x6f, Limits: section.Limits{Min: 2}}}
	if diff := cmp.Diff(want, got.Tables); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if m.Find(section.Element) != nil {
		t.Error("replacing made a section")
	}
}

func TestNamesAndProducers(t *testing.T) {
	m := parse(t, wasmtest.Passthrough().
		Custom("name", "\x00\x02\x01m"+"\x01\x09\x02\x00\x02f0\x07\x02f7").
		Custom("producers", "\x02\x08language\x01\x04Rust\x00\x0cprocessed-by\x01\x05rustc\x041.95").Bytes())
	names, err := m.FunctionNames()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[uint32]string{0: "f0", 7: "f7"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	producers, err := m.Producers()
	if err != nil {
		t.Fatal(err)
	}
	want := []section.Producer{{Field: "language", Name: "Rust"}, {Field: "processed-by", Name: "rustc", Version: "1.95"}}
	if diff := cmp.Diff(want, producers); diff != "" {
		t.Errorf("producers (-want +got):\n%s", diff)
	}
	none := parse(t, wasmtest.Passthrough().Bytes())
	if names, err := none.FunctionNames(); names != nil || err != nil {
		t.Errorf("a module without names has %v, %v", names, err)
	}
}

func TestDamaged(t *testing.T) {
	empty := string(new(wasmtest.Module).Bytes())
	for name, test := range map[string]struct{ file, want string }{
		"head cut off":        {empty + "\x0a", "truncated: the head of a section at byte 8 is cut off after 1 bytes"},
		"name of a custom":    {empty + "\x00\x02\x09a", "damaged: the custom section at byte 8 has no readable name"},
		"name is not text":    {empty + "\x00\x02\x01\xff", "damaged: the custom section at byte 8 has no readable name"},
		"type form":           {empty + "\x01\x02\x01\x61", "damaged: type section at byte 8: byte 12: type form 0x61 is not a function"},
		"import's kind":       {empty + "\x02\x06\x01\x01a\x01b\x07", `byte 16: import "a"."b" has the unknown kind 7`},
		"number without end":  {empty + "\x03\x06\x80\x80\x80\x80\x80\x00", "byte 15: a number does not end"},
		"number over 32 bits": {empty + "\x03\x05\xff\xff\xff\xff\x7f", "a number exceeds 32 bits"},
		"start is cut off":    {empty + "\x08\x00", "start section at byte 8: byte 10: cut off"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := section.Parse([]byte(test.file))
			if err == nil {
				_, err = m.Outline()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
	for name, custom := range map[string]string{"name": "\x01\x05\x01\x00\x09ab", "producers": "\x01\x02a"} {
		m := parse(t, new(wasmtest.Module).Custom(name, custom).Bytes())
		_, names := m.FunctionNames()
		_, producers := m.Producers()
		if (names == nil) == (producers == nil) {
			t.Errorf("section %s: errors are %v and %v, want one", name, names, producers)
		}
	}
}

func TestDigest(t *testing.T) {
	const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := section.Digest(nil); got != empty {
		t.Errorf("digest is %s, want %s", got, empty)
	}
}

// FuzzParse: whatever the bytes, nothing panics, what was parsed is written as
// it was read, and a section that was set is read back.
func FuzzParse(f *testing.F) {
	f.Add(wasmtest.Passthrough().Table(1, 2).Custom("name", "\x01\x04\x01\x00\x01f").Custom("producers", "\x00").Bytes())
	f.Add(wasmtest.FanOut().Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := section.Parse(file)
		if err != nil {
			return
		}
		if !bytes.Equal(m.Bytes(), file) {
			t.Error("written otherwise than read")
		}
		// Their errors are for the caller to show; here they must not panic.
		_, _ = m.Outline()
		_, _ = m.FunctionNames()
		_, _ = m.Producers()
		m.StripDebug()
		m.SetCustom("weir.plugin", []byte("x"))
		again, err := section.Parse(m.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if got := again.Customs("weir.plugin"); len(got) != 1 || string(got[0]) != "x" {
			t.Errorf("section is %q", got)
		}
	})
}
