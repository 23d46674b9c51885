package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"go.uber.org/zap"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// The media types of an image that holds a module: those that tools for
// WebAssembly agreed upon, and one for signatures.
const (
	mediaConfig    = "application/vnd.wasm.config.v0+json"
	mediaModule    = "application/wasm"
	mediaModuleOld = "application/vnd.wasm.content.layer.v1+wasm"
	mediaSignature = "application/vnd.minisign.signature"
)

// image is what a manifest says.
type image struct {
	module     ocispec.Descriptor
	signatures []ocispec.Descriptor
}

// checkImage wants the name to be HOST/NAME:TAG, or without a tag when a manifest
// is pinned.
func (r *Reference) checkImage() error {
	const form = "write oci://HOST/NAME:TAG or oci://HOST/NAME@sha256:DIGEST"
	parsed, err := registry.ParseReference(r.Name)
	switch {
	case strings.Contains(r.Name, "@"):
		return errors.New("the reference holds an @ that is no digest; " + form + ", and logins into modules.hosts")
	case err != nil:
		return fmt.Errorf("%w; %s", err, form)
	case parsed.Reference == "" && r.Manifest == "":
		return errors.New("the reference has neither a tag nor the digest of a manifest; " + form)
	}
	return nil
}

// repository is the place in a registry that a reference names.
func (s *Store) repository(r Reference) (repo *remote.Repository, done func(), err error) {
	name, _ := cutTag(r.Name)
	if repo, err = remote.NewRepository(name); err != nil {
		return nil, nil, err
	}
	host := s.cfg.Hosts[r.Host()]
	client, err := host.client()
	if err != nil {
		return nil, nil, err
	}
	login := &auth.Client{Client: client, Cache: auth.NewCache(), Credential: func(ctx context.Context, to string) (auth.Credential, error) {
		if to != repo.Reference.Host() {
			return auth.EmptyCredential, nil
		}
		return host.login(ctx, r.Host())
	}}
	login.SetUserAgent(userAgent)
	repo.Client, repo.PlainHTTP, repo.MaxMetadataBytes = login, host.PlainHTTP, maxText+1 // one more, to tell
	return repo, client.CloseIdleConnections, nil
}

// pull fetches the module of an image. A tag is resolved once, until Refresh.
func (s *Store) pull(ctx context.Context, r Reference) (*Module, error) {
	repo, done, err := s.repository(r)
	if err != nil {
		return nil, err
	}
	defer done()
	m := &Module{Reference: r}
	var text []byte
	if m.Manifest, text, err = s.manifest(ctx, repo, r); err != nil {
		return nil, err
	}
	found, err := parseImage(text, s.cfg.MaxSize)
	if err != nil {
		return nil, err
	}
	m.Digest = string(found.module.Digest)
	if r.Digest != "" && m.Digest != r.Digest {
		return nil, pinError("module", m.Digest, r.Digest)
	}
	if err := s.cache.putBlob(text); err != nil {
		return nil, err
	}
	if m.Binary, err = s.blob(ctx, repo, r, found.module); err != nil {
		return nil, err
	}
	for _, d := range found.signatures {
		one, err := s.blob(ctx, repo, r, d)
		if err != nil {
			return nil, fmt.Errorf("signature: %w", err)
		}
		m.signatures = append(append(m.signatures, bytes.TrimRight(one, "\n")...), '\n')
	}
	return m, nil
}

// manifest fetches a manifest, by its digest if that is known.
func (s *Store) manifest(ctx context.Context, repo *remote.Repository, r Reference) (digest string, text []byte, err error) {
	digest = r.Manifest
	_, tag := cutTag(r.Name)
	if digest == "" {
		digest = s.resolved.get(r.Name)
	}
	if digest == "" {
		if digest, _, err = s.fetchManifest(ctx, repo, r, tag); err != nil {
			s.resolved.retain(r.Name)
			return "", nil, err
		}
		settled := s.resolved.settle(r.Name, digest)
		s.cfg.Log.Info("tag resolved", zap.String("module", r.String()), zap.String("manifest", settled))
		digest = settled
	}
	if text, err = s.cache.blob(digest, maxText); err == nil {
		return digest, text, nil
	}
	is, text, err := s.fetchManifest(ctx, repo, r, digest)
	if err == nil && is != digest {
		err = pinError("manifest", is, digest)
	}
	return digest, text, err
}

func (s *Store) fetchManifest(ctx context.Context, repo *remote.Repository, r Reference, by string) (digest string, text []byte, err error) {
	_, body, err := repo.Manifests().FetchReference(ctx, by)
	if errors.Is(err, errdef.ErrNotFound) {
		return "", nil, fmt.Errorf("%s has no %s; look for the tag, or push the module by weir modules push", r.Host(), strings.TrimPrefix(r.String(), schemeOCI+"://"+r.Host()+"/"))
	}
	if err != nil {
		return "", nil, reason(r.Host(), err)
	}
	defer body.Close()
	text, err = io.ReadAll(io.LimitReader(body, maxText+1))
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("%w to the end: %w", ErrUnavailable, err)
	case len(text) > maxText:
		return "", nil, fmt.Errorf("the manifest has more than %d bytes; it is none of a module", maxText)
	}
	return digestOf(text), text, nil
}

// blob fetches what a manifest describes, and no more and no other bytes than it
// says.
func (s *Store) blob(ctx context.Context, repo *remote.Repository, r Reference, d ocispec.Descriptor) ([]byte, error) {
	if data, err := s.cache.blob(string(d.Digest), d.Size); err == nil {
		return data, nil
	}
	body, err := repo.Blobs().Fetch(ctx, d)
	if err != nil {
		return nil, reason(r.Host(), err)
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, d.Size+1))
	if err != nil {
		return nil, fmt.Errorf("%w to the end: %w", ErrUnavailable, err)
	}
	if is := digestOf(data); is != string(d.Digest) {
		return nil, fmt.Errorf("%w: %s sent %s for %s; the registry or something before it is broken", ErrPin, r.Host(), is, d.Digest)
	}
	return data, nil
}

// parseImage reads a manifest.
func parseImage(text []byte, most int64) (image, error) {
	var found image
	var m struct {
		ocispec.Manifest
		Manifests json.RawMessage `json:"manifests"` // of an index
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return found, fmt.Errorf("the manifest is no JSON: %w", err)
	}
	if m.Manifests != nil {
		return found, errors.New("the reference names an index of several images; name the one with the module, by its digest")
	}
	var other []string
	for _, layer := range m.Layers {
		if layer.MediaType != mediaModule && layer.MediaType != mediaModuleOld && layer.MediaType != mediaSignature {
			other = append(other, fmt.Sprintf("%.60q", layer.MediaType))
			continue
		}
		if err := CheckDigest(string(layer.Digest)); err != nil {
			return found, fmt.Errorf("the manifest is damaged: %w", err)
		}
		switch {
		case layer.MediaType == mediaSignature:
			if layer.Size < 0 || layer.Size > maxText || len(found.signatures) == maxSignatures {
				return found, fmt.Errorf("the image has signatures of over %d bytes, or more than %d", maxText, maxSignatures)
			}
			found.signatures = append(found.signatures, layer)
		case found.module.Digest != "":
			return found, errors.New("the image holds several modules; push each by itself")
		case layer.Size < 0 || layer.Size > most:
			return found, fmt.Errorf("has %d bytes, at most %d are allowed; strip what is not used", layer.Size, most)
		default:
			found.module = layer
		}
	}
	if found.module.Digest == "" {
		return found, fmt.Errorf("the image holds no module: it has no layer of type %s, but %s; push modules by weir modules push", mediaModule, orNone(other))
	}
	return found, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none at all"
	}
	return strings.Join(names[:min(len(names), 4)], ", ")
}

// Pushed is what a push made.
type Pushed struct {
	Reference string `json:"reference"` // with the digest of the manifest
	Manifest  string `json:"manifest"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
	Signed    bool   `json:"signed"`
}

// Push puts a module, which Get gave, into a registry under a tag, and its
// signatures with it. The same module makes the same manifest each time.
func (s *Store) Push(ctx context.Context, m *Module, to Reference, annotations map[string]string) (Pushed, error) {
	_, tag := cutTag(to.Name)
	if to.Kind != OCI || tag == "" || to.Pinned() {
		return Pushed{}, errors.New("a module is pushed to a tag: oci://HOST/NAME:TAG")
	}
	repo, done, err := s.repository(to)
	if err != nil {
		return Pushed{}, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	module := content.NewDescriptorFromBytes(mediaModule, m.Binary)
	about, err := json.Marshal(struct {
		Architecture string   `json:"architecture"`
		OS           string   `json:"os"`
		LayerDigests []string `json:"layerDigests"`
	}{"wasm", "wasip1", []string{m.Digest}})
	if err != nil {
		return Pushed{}, err
	}
	manifest := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: content.NewDescriptorFromBytes(mediaConfig, about), Layers: []ocispec.Descriptor{module}, Annotations: annotations}
	manifest.SchemaVersion = 2
	parts := map[string][]byte{m.Digest: m.Binary, string(manifest.Config.Digest): about}
	if len(m.signatures) > 0 {
		d := content.NewDescriptorFromBytes(mediaSignature, m.signatures)
		manifest.Layers, parts[string(d.Digest)] = append(manifest.Layers, d), m.signatures
	}
	for _, d := range append([]ocispec.Descriptor{manifest.Config}, manifest.Layers...) {
		if err := pushOne(ctx, repo, d, parts[string(d.Digest)]); err != nil {
			return Pushed{}, reason(to.Host(), err)
		}
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return Pushed{}, err
	}
	d := content.NewDescriptorFromBytes(ocispec.MediaTypeImageManifest, text)
	if err := repo.PushReference(ctx, d, bytes.NewReader(text), tag); err != nil {
		return Pushed{}, reason(to.Host(), err)
	}
	to.Manifest = string(d.Digest)
	return Pushed{Reference: to.String(), Manifest: to.Manifest, Digest: m.Digest, Size: len(m.Binary), Signed: len(m.signatures) > 0}, nil
}

func pushOne(ctx context.Context, repo *remote.Repository, d ocispec.Descriptor, data []byte) error {
	if there, err := repo.Blobs().Exists(ctx, d); err != nil || there {
		return err
	}
	return repo.Blobs().Push(ctx, d, bytes.NewReader(data))
}
