package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"go.yaml.in/yaml/v3"
)

// TestSecretShowsNowhere prints one in every way, inside a struct too.
func TestSecretShowsNowhere(t *testing.T) {
	const canary = "canary-4711"
	s := NewSecret(canary)
	nested := struct {
		Shown  Secret
		hidden Secret
	}{s, s}
	var all strings.Builder
	for _, v := range []any{s, &s, nested, &nested, []Secret{s}, map[string]Secret{"a": s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			fmt.Fprintf(&all, verb+"\n", v)
		}
		for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
			data, err := marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(data)
		}
		core, logs := observer.New(zapcore.DebugLevel)
		zap.New(core).Info("", zap.Any("any", v), zap.Reflect("reflect", v), zap.Stringer("stringer", s))
		line, err := zapcore.NewJSONEncoder(zapcore.EncoderConfig{}).EncodeEntry(zapcore.Entry{}, logs.All()[0].Context)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(line.Bytes())
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(all.String(), form) {
			t.Errorf("the secret shows as %q in\n%s", form, all.String())
		}
	}
	if text, err := s.Reveal(); err != nil || text != canary {
		t.Errorf("Reveal gives %q, %v", text, err)
	}
}

// TestSecretFile reads what the file holds now.
func TestSecretFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	s := SecretFile(file)
	if _, err := s.Reveal(); err == nil {
		t.Error("a missing file is no error")
	}
	for _, want := range []string{"one", "two"} {
		if err := os.WriteFile(file, []byte(want+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Reveal(); err != nil || got != want {
			t.Errorf("Reveal gives %q, %v, want %q", got, err, want)
		}
	}
	if !s.Equal(NewSecret("two")) || s.Equal(NewSecret("one")) || !(Secret{}).Equal(NewSecret("")) || NewSecret("").String() != "" {
		t.Error("Equal or the zero secret is wrong")
	}
}
