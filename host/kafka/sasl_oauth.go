package kafka

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sasl/oauth"
)

// tokenFunc gives the token of one login.
type tokenFunc = func(context.Context) (oauth.Auth, error)

const (
	// tokenTimeout bounds the call to the token endpoint.
	tokenTimeout = 15 * time.Second
	// maxTokenAnswer bounds its answer.
	maxTokenAnswer = 1 << 20
	// tokenLife is that of a token of which nobody says how long it lives.
	tokenLife = 5 * time.Minute
)

// tokenSource is where OAUTHBEARER gets its tokens, as the options say.
func (o *Options) tokenSource() (tokenFunc, error) {
	extensions, err := pairs(o.List("sasl.oauthbearer.extensions"))
	if err != nil {
		return nil, optionError{"sasl.oauthbearer.extensions", err}
	}
	switch {
	case o.Bool("enable.sasl.oauthbearer.unsecure.jwt"):
		config, err := pairs(o.List("sasl.oauthbearer.config"))
		if err != nil {
			return nil, optionError{"sasl.oauthbearer.config", err}
		}
		return unsecured(config)
	case o.String("sasl.oauthbearer.method") == "oidc":
		return o.tokenEndpoint(extensions)
	}
	return func(context.Context) (oauth.Auth, error) {
		token, err := o.reveal("sasl.oauthbearer.token")
		return oauth.Auth{Token: token, Extensions: extensions}, err
	}, nil
}

// pairs reads NAME=VALUE elements.
func pairs(list []string) (map[string]string, error) {
	out := make(map[string]string, len(list))
	for _, e := range list {
		name, value, ok := strings.Cut(e, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", e)
		}
		out[name] = value
	}
	return out, nil
}

// tokenEndpoint gets tokens by the client credentials grant.
type tokenEndpoint struct {
	options    *Options
	url        string
	client     *http.Client
	extensions map[string]string

	mu    sync.Mutex
	token string
	until time.Time // when to get another one
}

func (o *Options) tokenEndpoint(extensions map[string]string) (tokenFunc, error) {
	const option = "sasl.oauthbearer.token.endpoint.url"
	endpoint, err := url.Parse(o.String(option))
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "https" && endpoint.Scheme != "http" {
		return nil, optionError{option, errors.New("must be an https or http address")}
	}
	roots, err := o.roots(tlsFiles{}, "https.ca")
	if err != nil {
		return nil, err
	}
	e := &tokenEndpoint{options: o, url: endpoint.String(), extensions: extensions, client: &http.Client{
		Timeout: tokenTimeout,
		Transport: &http.Transport{
			Proxy:           http.ProxyFromEnvironment,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			IdleConnTimeout: time.Minute,
		},
	}}
	return e.auth, nil
}

func (e *tokenEndpoint) auth(ctx context.Context) (oauth.Auth, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.token == "" || !time.Now().Before(e.until) {
		token, life, err := e.fetch(ctx)
		if err != nil {
			return oauth.Auth{}, &secretError{error: fmt.Errorf("sasl.oauthbearer.token.endpoint.url: no token: %w", err)}
		}
		e.token, e.until = token, time.Now().Add(life*8/10)
	}
	return oauth.Auth{Token: e.token, Extensions: e.extensions}, nil
}

// fetch asks for one token.
func (e *tokenEndpoint) fetch(ctx context.Context) (token string, life time.Duration, err error) {
	id, err := e.options.reveal("sasl.oauthbearer.client.id")
	if err != nil {
		return "", 0, err
	}
	secret, err := e.options.reveal("sasl.oauthbearer.client.secret")
	if err != nil {
		return "", 0, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope := e.options.String("sasl.oauthbearer.scope"); scope != "" {
		form.Set("scope", scope)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	response, err := e.client.Do(request)
	if err != nil {
		return "", 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxTokenAnswer))
	if err != nil {
		return "", 0, err
	}
	return readToken(response.Status, response.StatusCode, body, e.options.String("sasl.oauthbearer.sub.claim.name"))
}

// readToken takes the token out of the endpoint's answer. Of an answer that is
// none only the fields are shown that the standard has for it.
func readToken(status string, code int, body []byte, subject string) (string, time.Duration, error) {
	var answer struct {
		Token   string      `json:"access_token"`
		Expires json.Number `json:"expires_in"`
		Error   string      `json:"error"`
		About   string      `json:"error_description"`
	}
	err := json.Unmarshal(body, &answer)
	switch {
	case answer.Error != "":
		remedy := ""
		if answer.Error == "invalid_client" || answer.Error == "unauthorized_client" {
			remedy = " (check sasl.oauthbearer.client.id and sasl.oauthbearer.client.secret)"
		}
		return "", 0, fmt.Errorf("the endpoint answers %s: %s %s%s", status, answer.Error, answer.About, remedy)
	case code/100 != 2:
		return "", 0, fmt.Errorf("the endpoint answers %s", status)
	case err != nil:
		return "", 0, errors.New("the endpoint answers with something else than JSON")
	case answer.Token == "":
		return "", 0, errors.New("the endpoint's answer has no access_token")
	}
	life, err := inspectToken(answer.Token, subject)
	if err != nil {
		return "", 0, err
	}
	if n, err := strconv.ParseFloat(answer.Expires.String(), 64); err == nil && n > 0 {
		life = time.Duration(n * float64(time.Second))
	}
	return answer.Token, life, nil
}

// inspectToken reads how long a token lives and demands its subject. A token
// that is no JWT is the brokers' affair.
func inspectToken(token, subject string) (time.Duration, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return tokenLife, nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return tokenLife, nil
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return tokenLife, nil
	}
	if text, ok := claims[subject].(string); !ok || text == "" {
		return 0, fmt.Errorf("the token has no claim %q: see sasl.oauthbearer.sub.claim.name", subject)
	}
	if until, ok := claims["exp"].(float64); ok {
		return time.Until(time.Unix(int64(until), 0)), nil
	}
	return tokenLife, nil
}

// unsecured makes tokens that nobody signed, for trials: config has principal,
// principalClaimName, scope, scopeClaimName, lifeSeconds and extension_NAME.
func unsecured(config map[string]string) (tokenFunc, error) {
	life, extensions := time.Hour, map[string]string{}
	claims := map[string]any{}
	principal, scope := "sub", "scope"
	if name := config["principalClaimName"]; name != "" {
		principal = name
	}
	if name := config["scopeClaimName"]; name != "" {
		scope = name
	}
	for name, value := range config {
		extension, isExtension := strings.CutPrefix(name, "extension_")
		switch {
		case isExtension:
			extensions[extension] = value
		case name == "principal":
			claims[principal] = value
		case name == "scope":
			claims[scope] = strings.Fields(value)
		case name == "lifeSeconds":
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil || n == 0 {
				return nil, optionError{"sasl.oauthbearer.config", errors.New("lifeSeconds must be a number of seconds")}
			}
			life = time.Duration(n) * time.Second
		case name != "principalClaimName" && name != "scopeClaimName":
			return nil, optionError{"sasl.oauthbearer.config", fmt.Errorf("does not know %s", name)}
		}
	}
	if claims[principal] == nil {
		return nil, optionError{"sasl.oauthbearer.config", errors.New("needs principal=NAME")}
	}
	return func(context.Context) (oauth.Auth, error) {
		now := time.Now()
		dated := maps.Clone(claims)
		dated["iat"], dated["exp"] = now.Unix(), now.Add(life).Unix()
		payload, err := json.Marshal(dated)
		if err != nil {
			return oauth.Auth{}, err
		}
		part := base64.RawURLEncoding.EncodeToString
		return oauth.Auth{Token: part([]byte(`{"alg":"none"}`)) + "." + part(payload) + ".", Extensions: extensions}, nil
	}, nil
}
