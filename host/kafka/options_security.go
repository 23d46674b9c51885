package kafka

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/host/config"
)

// securityRows are the options of TLS and of the login.
var securityRows = slices.Concat(tlsRows, loginRows, noSecurityRows)

// tlsRows are the options of TLS.
var tlsRows = []row{
	{
		name: "security.protocol", role: anyRole, kind: kindEnum, def: "plaintext",
		words: []string{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"},
		maps:  "Dialer, SASL", opts: loginOpts,
		doc: "Whether to use TLS (ssl) and to log in (sasl).",
	},
	{
		name: "ssl.ca.location", aliases: []string{"ssl_cafile"}, role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "PEM file, or directory of PEM files (*.pem, *.crt, *.cer), of the authorities to trust. Without it, or with probe, the system's are. Read again when it changes, as all files here.",
	},
	{
		name: "ssl.ca.pem", role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "The authorities to trust, as PEM text.",
	},
	{
		name: "ssl.certificate.location", aliases: []string{"ssl_certfile"}, role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "PEM file of the client's certificate and its chain.",
	},
	{
		name: "ssl.certificate.pem", role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "The client's certificate and its chain, as PEM text.",
	},
	{
		name: "ssl.key.location", aliases: []string{"ssl_keyfile"}, role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "PEM file of the key of the client's certificate.",
	},
	{
		name: "ssl.key.pem", role: anyRole, kind: kindText, secret: true,
		maps: "Dialer",
		doc:  "The key of the client's certificate, as PEM text.",
	},
	{
		name: "ssl.key.password", aliases: []string{"ssl_password"}, role: anyRole, kind: kindText, secret: true,
		maps: "Dialer",
		doc:  "Password of an encrypted key: PKCS#8 with PBKDF2 and AES or triple DES, or OpenSSL's old form.",
	},
	{
		name: "ssl.keystore.location", role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "PKCS#12 file with the client's certificate, its chain and its key, instead of the four above.",
	},
	{
		name: "ssl.keystore.password", role: anyRole, kind: kindText, secret: true,
		maps: "Dialer",
		doc:  "Password of the keystore.",
	},
	{
		name: "enable.ssl.certificate.verification", role: anyRole, kind: kindBool, def: "true",
		maps: "Dialer",
		doc:  "Whether to check the brokers' certificates. Without the check anybody can play broker.",
	},
	{
		name: "ssl.endpoint.identification.algorithm", role: anyRole, kind: kindEnum, def: "https",
		words: []string{"https", "none"},
		maps:  "Dialer",
		doc:   "Whether the brokers' certificates must name their hosts.",
	},
	{
		name: "ssl.min.version", role: anyRole, kind: kindEnum, def: "TLSv1.2",
		words: []string{"TLSv1.2", "TLSv1.3"},
		maps:  "Dialer",
		doc:   "Lowest version of TLS. librdkafka does not have this option.",
	},
	{
		name: "ssl.cipher.suites", role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "Cipher suites up to TLS 1.2, in OpenSSL's or the standard's names, parted by colons or commas. Those of TLS 1.3 cannot be chosen.",
	},
	{
		name: "ssl.curves.list", role: anyRole, kind: kindText,
		maps: "Dialer",
		doc:  "Key exchanges in order of preference: X25519MLKEM768, X25519, P-256, P-384, P-521.",
	},
	{
		name: "https.ca.location", role: anyRole, kind: kindText,
		treat: emulate,
		maps:  "the call to the token endpoint",
		doc:   "As ssl.ca.location, for sasl.oauthbearer.token.endpoint.url.",
	},
	{
		name: "https.ca.pem", role: anyRole, kind: kindText,
		treat: emulate,
		maps:  "the call to the token endpoint",
		doc:   "As ssl.ca.pem, for sasl.oauthbearer.token.endpoint.url.",
	},
}

// loginRows are the options of the login.
var loginRows = []row{
	{
		name: "sasl.mechanisms", aliases: []string{"sasl.mechanism"}, role: anyRole, kind: kindEnum,
		words: []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM", "GSSAPI"}, std: "GSSAPI",
		maps: "SASL",
		doc:  "How to log in where security.protocol says sasl. GSSAPI, librdkafka's default, must be asked for and needs a build with Kerberos.",
	},
	{
		name: "sasl.username", aliases: []string{"sasl_plain_username"}, role: anyRole, kind: kindText,
		maps: "SASL",
		doc:  "User for PLAIN and SCRAM.",
	},
	{
		name: "sasl.password", aliases: []string{"sasl_plain_password"}, role: anyRole, kind: kindText, secret: true,
		maps: "SASL",
		doc:  "Password for PLAIN and SCRAM. As ${file:PATH} it is read again for each login.",
	},
	{
		name: "sasl.oauthbearer.method", role: anyRole, kind: kindEnum, def: "default",
		words: []string{"default", "oidc"},
		maps:  "SASL",
		doc:   "oidc gets tokens from sasl.oauthbearer.token.endpoint.url, default takes sasl.oauthbearer.token.",
	},
	{
		name: "sasl.oauthbearer.token", role: anyRole, kind: kindText, secret: true,
		maps: "SASL",
		doc:  "The token to show, best as ${file:PATH}: it is read again for each login. librdkafka does not have this option.",
	},
	{
		name: "sasl.oauthbearer.token.endpoint.url", role: anyRole, kind: kindText,
		maps: "SASL",
		doc:  "Where oidc gets tokens, by the client credentials grant.",
	},
	{
		name: "sasl.oauthbearer.client.id", aliases: []string{"sasl.oauthbearer.client.credentials.client.id"}, role: anyRole, kind: kindText,
		maps: "SASL",
		doc:  "Client of the identity provider.",
	},
	{
		name: "sasl.oauthbearer.client.secret", aliases: []string{"sasl.oauthbearer.client.credentials.client.secret"}, role: anyRole, kind: kindText, secret: true,
		maps: "SASL",
		doc:  "Secret of that client. As ${file:PATH} it is read again for each token.",
	},
	{
		name: "sasl.oauthbearer.scope", role: anyRole, kind: kindText,
		maps: "SASL",
		doc:  "Scope to ask for.",
	},
	{
		name: "sasl.oauthbearer.extensions", role: anyRole, kind: kindList,
		maps: "SASL",
		doc:  "NAME=VALUE pairs that go to the broker with the token.",
	},
	{
		name: "sasl.oauthbearer.sub.claim.name", role: anyRole, kind: kindText, def: "sub",
		maps: "SASL",
		doc:  "Claim that must name the subject when the token of the endpoint is a JWT.",
	},
	{
		name: "enable.sasl.oauthbearer.unsecure.jwt", role: anyRole, kind: kindBool, def: "false",
		maps: "SASL",
		doc:  "Whether to show a token that nobody signed. For trials only.",
	},
	{
		name: "sasl.oauthbearer.config", role: anyRole, kind: kindList,
		maps: "SASL",
		doc:  "What that token says: principal=NAME, and principalClaimName, scope, scopeClaimName, lifeSeconds, extension_NAME.",
	},
	{
		name: "sasl.kerberos.service.name", role: anyRole, kind: kindText, def: "kafka",
		maps: "SASL",
		doc:  "Service of the brokers, for GSSAPI.",
	},
	{
		name: "sasl.kerberos.principal", role: anyRole, kind: kindText, def: "kafkaclient",
		maps: "SASL",
		doc:  "Whom GSSAPI logs in, as NAME or NAME@REALM.",
	},
	{
		name: "sasl.kerberos.keytab", role: anyRole, kind: kindText,
		maps: "SASL",
		doc:  "Keytab file with the keys of that principal.",
	},
}

// Secret is what a secret option hides; for others, their text. One that the
// configuration takes from a file of its own is read anew by each Reveal.
func (o *Options) Secret(name string) config.Secret {
	v := o.get(name).value
	if v.secret.IsZero() {
		return config.NewSecret(v.text)
	}
	return v.secret
}

// checkSASL finds what is wrong with the security of a client, the worst first.
func checkSASL(o *Options) problem {
	for _, check := range []func(*Options) problem{checkLogin, checkOAuth, checkUnused, checkOpen, checkExpiry} {
		if p := check(o); p.message != "" {
			return p
		}
	}
	return problem{}
}

// checkLogin demands what the mechanism needs.
func checkLogin(o *Options) problem {
	mechanism := o.String("sasl.mechanisms")
	switch {
	case !o.logsIn():
		return problem{}
	case mechanism == "":
		return problem{name: "security.protocol", message: "asks to log in but sasl.mechanism is not set", hint: "set sasl_mechanism to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM or GSSAPI"}
	case mechanism == mechanismGSSAPI && kerberos != nil && o.String("sasl.kerberos.keytab") == "":
		return problem{name: "sasl.mechanisms", message: "needs sasl.kerberos.keytab", hint: "set it, and sasl.kerberos.principal"}
	case mechanism != mechanismPlain && !strings.HasPrefix(mechanism, "SCRAM"):
		return problem{}
	case o.String("sasl.username") == "":
		return problem{name: "sasl.mechanisms", message: "needs sasl.username", hint: "set sasl_username and sasl_password"}
	case o.Secret("sasl.password").IsZero():
		return problem{name: "sasl.mechanisms", message: "needs sasl.password", hint: "set sasl_password, best to ${file:PATH}"}
	}
	return problem{}
}

// checkOAuth demands exactly one way to get a token, and all that it needs.
func checkOAuth(o *Options) problem {
	if !o.logsIn() || o.String("sasl.mechanisms") != mechanismOAuth {
		return problem{}
	}
	oidc, unsecured := o.String("sasl.oauthbearer.method") == "oidc", o.Bool("enable.sasl.oauthbearer.unsecure.jwt")
	token := !o.Secret("sasl.oauthbearer.token").IsZero()
	ways := 0
	for _, way := range []bool{oidc, unsecured, token} {
		if way {
			ways++
		}
	}
	switch {
	case ways == 0:
		return problem{name: "sasl.mechanisms", message: "needs a way to get a token", hint: "set sasl.oauthbearer.method to oidc, or sasl.oauthbearer.token to ${file:PATH}"}
	case ways > 1:
		return problem{name: "sasl.mechanisms", message: "has more than one way to get a token", hint: "keep one of sasl.oauthbearer.method=oidc, sasl.oauthbearer.token and enable.sasl.oauthbearer.unsecure.jwt"}
	}
	for _, name := range []string{"token.endpoint.url", "client.id", "client.secret"} {
		if name = "sasl.oauthbearer." + name; oidc && o.Secret(name).IsZero() {
			return problem{name: "sasl.oauthbearer.method", message: "oidc needs " + name, hint: "set it"}
		}
	}
	return problem{}
}

// checkUnused warns of security that somebody asked for and does not get.
func checkUnused(o *Options) problem {
	protocol := o.String("security.protocol")
	if o.Set("sasl.mechanisms") && !o.logsIn() {
		return problem{name: "sasl.mechanisms", message: "has no effect: security.protocol is " + protocol, hint: "set security_protocol to SASL_SSL or SASL_PLAINTEXT", warning: true}
	}
	for i := range tlsRows {
		if r := &tlsRows[i]; o.Set(r.name) && o.get(r.name).layer != "kafka" && strings.HasPrefix(r.name, "ssl.") && !o.secure() {
			return problem{name: r.name, message: "has no effect: security.protocol is " + protocol, hint: "set security_protocol to SSL or SASL_SSL", warning: true}
		}
	}
	return problem{}
}

// checkOpen warns of what lets others in.
func checkOpen(o *Options) problem {
	mechanism := o.String("sasl.mechanisms")
	switch {
	case o.secure() && !o.Bool("enable.ssl.certificate.verification"):
		return problem{name: "enable.ssl.certificate.verification", message: "is off: whoever answers is taken for the broker, and reads the password", hint: "give the authority in ssl_cafile instead", warning: true}
	case o.logsIn() && !o.secure() && (mechanism == mechanismPlain || mechanism == mechanismOAuth):
		return problem{name: "security.protocol", message: fmt.Sprintf("sends what %s logs in with in clear text", mechanism), hint: "use SASL_SSL, or a SCRAM mechanism", warning: true}
	}
	return problem{}
}

// checkExpiry warns of a client's certificate that brokers will not take.
func checkExpiry(o *Options) problem {
	if !o.secure() {
		return problem{}
	}
	pairs, err := o.certificate(tlsFiles{})
	if err != nil || len(pairs) == 0 || pairs[0].Leaf == nil {
		return problem{} // the options themselves tell
	}
	name := o.blame("ssl.certificate.location", "ssl.certificate.pem", "ssl.keystore.location")
	leaf, now := pairs[0].Leaf, time.Now()
	switch {
	case now.After(leaf.NotAfter):
		return problem{name: name, message: "expired at " + leaf.NotAfter.Format(time.RFC3339), hint: "put a new one there; weir takes it up without a restart", warning: true}
	case now.Before(leaf.NotBefore):
		return problem{name: name, message: "counts from " + leaf.NotBefore.Format(time.RFC3339), hint: "is the clock right?", warning: true}
	case now.Add(expirySoon).After(leaf.NotAfter):
		return problem{name: name, message: "expires soon, at " + leaf.NotAfter.Format(time.RFC3339), hint: "put a new one there; weir takes it up without a restart", warning: true}
	}
	return problem{}
}

// expirySoon is how early a certificate's end is told.
const expirySoon = 7 * 24 * time.Hour
