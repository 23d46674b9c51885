package kafka

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
)

// firstMessage is what the client begins its login with.
func firstMessage(t *testing.T, o *Options) (string, error) {
	t.Helper()
	mechanism := optValue(t, o, kgo.SASL).([]sasl.Mechanism)[0]
	_, message, err := mechanism.Authenticate(context.Background(), "b-1.kafka.eu-west-1.amazonaws.com:9098")
	return string(message), err
}

func loginOptions(t *testing.T, text string) *Options {
	t.Helper()
	o, faults := resolve(t, Admin, "bootstrap_servers: seed, security_protocol: SASL_SSL, "+text, "")
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return o
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPasswordIsReadAgain logs in with what the file holds at that time.
func TestPasswordIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	writeText(t, file, "one\n")
	o := loginOptions(t, "sasl_mechanism: PLAIN, sasl_username: u, sasl_password: '${file:"+file+"}'")
	for _, password := range []string{"one", "two"} {
		writeText(t, file, password+"\n")
		if got, err := firstMessage(t, o); err != nil || got != "\x00u\x00"+password {
			t.Errorf("logs in with %q, %v, want %s", got, err, password)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := firstMessage(t, o); err == nil || !strings.Contains(err.Error(), "sasl.password: "+file+": cannot open it") {
		t.Errorf("without the file: %v", err)
	}
}

func TestTokenOfFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	writeText(t, file, "first")
	o := loginOptions(t, "sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_extensions: 'a=b', sasl_oauthbearer_token: '${file:"+file+"}'")
	writeText(t, file, "second\n")
	if got, err := firstMessage(t, o); err != nil || got != "n,,\x01auth=Bearer second\x01a=b\x01\x01" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestTokenEndpoint has an identity provider with one client.
func TestTokenEndpoint(t *testing.T) {
	calls, answer := 0, ""
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		id, secret, _ := r.BasicAuth()
		switch {
		case answer != "":
			fmt.Fprint(w, answer)
		case id != "me%2Ftoo" || secret != "hush":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"who?"}`)
		case r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "kafka":
			w.WriteHeader(http.StatusBadRequest)
		default:
			fmt.Fprintf(w, `{"access_token":"token-%d","expires_in":3600}`, calls)
		}
	}))
	defer idp.Close()
	options := func(secret string) *Options {
		return loginOptions(t, "sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_method: oidc, sasl_oauthbearer_scope: kafka, sasl_oauthbearer_client_id: me/too, "+
			"sasl_oauthbearer_client_secret: "+secret+", sasl_oauthbearer_token_endpoint_url: '"+idp.URL+"'")
	}
	good := optValue(t, options("hush"), kgo.SASL).([]sasl.Mechanism)[0]
	for range 2 { // the second login shows the same token
		_, message, err := good.Authenticate(t.Context(), "")
		if err != nil || string(message) != "n,,\x01auth=Bearer token-1\x01\x01" {
			t.Fatalf("got %q, %v", message, err)
		}
	}
	_, err := firstMessage(t, options("wrong-secret"))
	if err == nil || !strings.Contains(err.Error(), "401 Unauthorized: invalid_client who? (check sasl.oauthbearer.client.id") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("a wrong secret: %v", err)
	}
	for text, want := range map[string]string{
		"<html>":           "something else than JSON",
		`{}`:               "has no access_token",
		`{"error":"busy"}`: "busy",
		`{"access_token":"` + jwt(t, map[string]any{"exp": 1}) + `"}`: `no claim "sub"`,
	} {
		answer = text
		if _, err := firstMessage(t, options("hush")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	idp.Close()
	if _, err := firstMessage(t, options("hush")); err == nil || !strings.Contains(reachRemedy(err), "tried again") {
		t.Errorf("no provider: %v", err)
	}
}

func jwt(t *testing.T, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + ".x"
}

// TestTokenLife takes it from the token where the endpoint does not tell.
func TestTokenLife(t *testing.T) {
	token := jwt(t, map[string]any{"sub": "me", "exp": time.Now().Add(time.Hour).Unix()})
	for body, want := range map[string]time.Duration{
		`{"access_token":"` + token + `"}`:                   time.Hour,
		`{"access_token":"` + token + `","expires_in":"60"}`: time.Minute,
		`{"access_token":"opaque"}`:                          tokenLife,
	} {
		_, life, err := readToken("200 OK", 200, []byte(body), "sub")
		if err != nil || life.Round(10*time.Second) != want {
			t.Errorf("%s: lives for %s, %v, want %s", body, life, err, want)
		}
	}
}

func TestUnsecuredToken(t *testing.T) {
	o := loginOptions(t, "sasl_mechanism: OAUTHBEARER, enable_sasl_oauthbearer_unsecure_jwt: true, sasl_oauthbearer_config: 'principal=me scope=a lifeSeconds=60 extension_x=y'")
	message, err := firstMessage(t, o)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(message, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Sub      string
		Scope    []string
		Iat, Exp int64
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Sub != "me" || claims.Exp-claims.Iat != 60 || len(claims.Scope) != 1 || !strings.HasSuffix(message, ".\x01x=y\x01\x01") {
		t.Errorf("got %+v of %q", claims, message)
	}
}

// TestAWSCredentials takes the variables first, then the profile.
func TestAWSCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credentials")
	writeText(t, file, "# mine\n[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key=s1\n\n[other]\naws_access_key_id=AKOTHER\naws_secret_access_key=s2\naws_session_token=tok\n[half]\naws_access_key_id=x\n")
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	o := loginOptions(t, "sasl_mechanism: AWS_MSK_IAM")
	login := func(profile string) string {
		t.Setenv("AWS_PROFILE", profile)
		message, err := firstMessage(t, o)
		if err != nil {
			return err.Error()
		}
		var fields map[string]string
		if err := json.Unmarshal([]byte(message), &fields); err != nil {
			t.Fatal(err)
		}
		key, _, _ := strings.Cut(fields["x-amz-credential"], "/")
		return key + " " + fields["x-amz-security-token"] + " " + fields["user-agent"]
	}
	for profile, want := range map[string]string{
		"": "AKDEFAULT  weir", "other": "AKOTHER tok weir",
		"half": file + ": profile half has no aws_access_key_id with aws_secret_access_key",
	} {
		if got := login(profile); got != want {
			t.Errorf("profile %q logs in as %q, want %q", profile, got, want)
		}
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file+".gone")
	if got := login(""); !strings.HasPrefix(got, "no AWS credentials: set AWS_ACCESS_KEY_ID") {
		t.Errorf("without a file: %s", got)
	}
	t.Setenv("AWS_ACCESS_KEY_ID", "AKENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3")
	if got := login(""); got != "AKENV  weir" {
		t.Errorf("with the variables: %s", got)
	}
}

// TestNoKerberos refuses GSSAPI, which this build does not have.
func TestNoKerberos(t *testing.T) {
	if kerberos != nil {
		t.Skip("this build has Kerberos")
	}
	_, faults := resolve(t, Admin, "bootstrap_servers: seed, security_protocol: SASL_SSL, sasl_mechanism: GSSAPI", "")
	if len(faults) != 1 || faults[0].Warning || !strings.Contains(faults[0].Message, "built without Kerberos") {
		t.Errorf("got %v", faults)
	}
}
