package api

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestGuard(t *testing.T) {
	s := serve(t, Config{Names: []string{"weir.example.com"}})
	client := plain(t)
	port := strings.TrimPrefix(s.Addr(), "http://127.0.0.1")
	for _, tt := range []struct {
		name, host, origin, site string
		code                     Code // "" when the request is answered
	}{
		{name: "a client of no browser", host: "127.0.0.1" + port},
		{name: "another loopback address", host: "127.8.8.8:1"},
		{name: "loopback of IPv6", host: "[::1]" + port},
		{name: "localhost, in any case", host: "LocalHost" + port},
		{name: "without a port", host: "localhost"},
		{name: "a configured name", host: "WEIR.example.com"},
		{name: "a name that leads here", host: "attacker.example" + port, code: Unnamed},
		{name: "a name that begins well", host: "localhost.attacker.example", code: Unnamed},
		{name: "an address of another machine", host: "192.0.2.1" + port, code: Unnamed},
		{name: "the own page", host: "localhost" + port, origin: "http://localhost" + port, site: "same-origin"},
		{name: "typed by the user", host: "localhost" + port, site: "none"},
		{name: "another site", host: "localhost" + port, site: "cross-site", code: CrossSite},
		{name: "a neighbour", host: "localhost" + port, site: "same-site", code: CrossSite},
		{name: "another port", host: "localhost" + port, origin: "http://localhost:1", code: CrossSite},
		{name: "a page from a file", host: "localhost" + port, origin: "null", code: CrossSite},
		{name: "an origin that is none", host: "localhost" + port, origin: "http://[", code: CrossSite},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, op := range []struct{ method, path string }{{"GET", versionPath}, {"POST", "/api/v1/pipelines/orders:pause"}} {
				r := request(t, s, op.method, op.path, "")
				r.Host = tt.host
				set(r, "Origin", tt.origin)
				set(r, "Sec-Fetch-Site", tt.site)
				got := send(t, client, r)
				if (got.status == 200) != (tt.code == "") || !strings.Contains(got.body, string(tt.code)) {
					t.Errorf("%s: %d %s, want %q", op.method, got.status, got.body, tt.code)
				}
			}
		})
	}
}

func set(r *http.Request, name, value string) {
	if value != "" {
		r.Header.Set(name, value)
	}
}

func TestRoles(t *testing.T) {
	s := serve(t, Config{Tokens: everyRole()})
	client := plain(t)
	for _, tt := range []struct {
		name, authorization, method, path string
		status                            int
	}{
		{"nobody", "", "GET", versionPath, 401},
		{"nobody may read the document", "", "GET", DocumentPath, 200},
		{"a viewer looks", "Bearer " + viewing, "GET", pipelinesPath, 200},
		{"the scheme is in any case", "bearer  " + viewing, "GET", pipelinesPath, 200},
		{"another scheme", "Basic " + viewing, "GET", pipelinesPath, 401},
		{"no scheme", viewing, "GET", pipelinesPath, 401},
		{"a part of a token", "Bearer " + viewing[:20], "GET", pipelinesPath, 401},
		{"an empty token", "Bearer ", "GET", pipelinesPath, 401},
		{"a viewer does nothing", "Bearer " + viewing, "POST", "/api/v1/pipelines/orders:pause", 403},
		{"a viewer does not learn what there is not", "Bearer " + viewing, "POST", "/api/v1/pipelines/nothing:pause", 403},
		{"an operator does", "Bearer " + operating, "POST", "/api/v1/pipelines/orders:pause", 200},
		{"an admin does", "Bearer " + ruling, "POST", "/api/v1/pipelines/clicks:pause", 200},
		{"a tenant sees its own", "Bearer " + shopping, "GET", "/api/v1/pipelines/orders", 200},
		{"and no other", "Bearer " + shopping, "GET", "/api/v1/pipelines/clicks", 404},
		{"nor touches one", "Bearer " + shopping, "POST", "/api/v1/pipelines/clicks:pause", 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, s, tt.method, tt.path, "")
			set(r, "Authorization", tt.authorization)
			got := send(t, client, r)
			if got.status != tt.status {
				t.Errorf("%d %s, want %d", got.status, got.body, tt.status)
			}
			if challenge := got.header.Get("WWW-Authenticate"); (challenge != "") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate %q with status %d", challenge, got.status)
			}
		})
	}
	r := request(t, s, "GET", pipelinesPath, "")
	r.Header.Set("Authorization", "Bearer "+shopping)
	if got := send(t, client, r); strings.Contains(got.body, "clicks") {
		t.Errorf("a tenant sees another's pipelines: %s", got.body)
	}
}

// What concerns others is not for who belongs to a tenant, whatever the role.
func TestTenantOnly(t *testing.T) {
	op := &operation{role: Viewer, whole: true}
	if err := allow(principal{name: "token shop", role: Admin, tenant: "shop"}, op); err == nil || err.(*Error).Code != TenantOnly {
		t.Errorf("error %v, want %s", err, TenantOnly)
	}
	if err := allow(principal{name: "token watch", role: Viewer}, op); err != nil {
		t.Error(err)
	}
}

// A token is read at each request: one that was replaced lets nobody in.
func TestTokenChanges(t *testing.T) {
	current := viewing
	s := serve(t, Config{Tokens: []Token{{Name: "watch", Role: Viewer, Reveal: func() (string, error) { return current, nil }}}})
	for _, tt := range []struct {
		kept   string
		status int
	}{{viewing, 200}, {operating, 401}, {"", 401}} {
		current = tt.kept
		r := request(t, s, "GET", versionPath, "")
		r.Header.Set("Authorization", "Bearer "+viewing)
		if got := send(t, plain(t), r); got.status != tt.status {
			t.Errorf("kept %q: %d %s, want %d", tt.kept, got.status, got.body, tt.status)
		}
	}
}

func TestAudit(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	s := serve(t, Config{Tokens: everyRole(), Log: zap.New(core)})
	client := plain(t)
	ask := func(method, path, token string) {
		t.Helper()
		r := request(t, s, method, path, "")
		set(r, "Authorization", token)
		send(t, client, r)
	}
	ask("GET", pipelinesPath, "Bearer "+viewing) // looking is not told
	ask("POST", "/api/v1/pipelines/orders:pause", "Bearer "+operating)
	ask("POST", "/api/v1/pipelines/nothing:pause", "Bearer "+operating)
	for range 50 { // one a second is told
		ask("POST", "/api/v1/pipelines/orders:pause", "Bearer "+viewing)
	}
	entries := logs.FilterLoggerName("admin.audit").All()
	if len(entries) < 3 || len(entries) > 20 {
		t.Fatalf("%d entries: %v", len(entries), entries)
	}
	for i, want := range []struct {
		level  zapcore.Level
		who    string
		status int64
	}{{zapcore.InfoLevel, "token ops", 200}, {zapcore.InfoLevel, "token ops", 404}, {zapcore.WarnLevel, "token watch", 403}} {
		got := entries[i].ContextMap()
		if entries[i].Level != want.level || got["who"] != want.who || got["status"] != want.status || got["operation"] != "pausePipeline" {
			t.Errorf("entry %d: %s %v, want %+v", i, entries[i].Level, got, want)
		}
		for _, secret := range []string{viewing, operating} {
			for _, value := range got {
				if text, ok := value.(string); ok && strings.Contains(text, secret) {
					t.Errorf("entry %d has a token: %v", i, got)
				}
			}
		}
	}
}
