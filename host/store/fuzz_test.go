package store

import (
	"testing"

	"github.com/weirhq/weir/host/minisign"
)

// A manifest is a registry's, so anybody's.
func FuzzParseImage(f *testing.F) {
	f.Add([]byte(`{"layers":[{"mediaType":"application/wasm","digest":"sha256:` + "1111111111111111111111111111111111111111111111111111111111111111" + `","size":3}]}`))
	f.Add([]byte(`{"manifests":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := parseImage(text, 1<<20)
		if err != nil {
			return
		}
		if CheckDigest(string(found.module.Digest)) != nil || found.module.Size < 0 || found.module.Size > 1<<20 || len(found.signatures) > maxSignatures {
			t.Errorf("%s gives %+v", text, found)
		}
	})
}

func FuzzSplitSignatures(f *testing.F) {
	key, err := minisign.GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	s, err := key.Sign(nil, "c")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(s.Bytes(), s.Bytes()...))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := splitSignatures(text)
		if err == nil && len(all) > maxSignatures {
			t.Errorf("%d signatures", len(all))
		}
	})
}
