package kafka

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// securityRowTests are rowTests of the options of TLS and the login. What TLS and
// SASL make of them, the tests of the connection show.
var securityRowTests = []rowTest{
	{Admin, noText, secured, false},
	{Admin, "security_protocol: SSL", secured, true},
	{Admin, "ssl_cafile: ca.pem", inForce("ssl.ca.location"), "ca.pem"},
	{Admin, "ssl_ca_pem: text", inForce("ssl.ca.pem"), "text"},
	{Admin, "ssl_certfile: cert.pem", inForce("ssl.certificate.location"), "cert.pem"},
	{Admin, "ssl_certificate_pem: text", inForce("ssl.certificate.pem"), "text"},
	{Admin, "ssl_keyfile: key.pem", inForce("ssl.key.location"), "key.pem"},
	{Admin, "ssl_key_pem: text", hidden("ssl.key.pem"), "text"},
	{Admin, "ssl_key_password: p", hidden("ssl.key.password"), "p"},
	{Admin, "ssl_keystore_location: a.p12", inForce("ssl.keystore.location"), "a.p12"},
	{Admin, "ssl_keystore_password: p", hidden("ssl.keystore.password"), "p"},
	{Admin, "enable_ssl_certificate_verification: f", inForce("enable.ssl.certificate.verification"), "false"},
	{Admin, "ssl_min_version: tlsv1.3", inForce("ssl.min.version"), "TLSv1.3"},
	{Admin, "ssl_cipher_suites: 'A:B'", inForce("ssl.cipher.suites"), "A:B"},
	{Admin, "ssl_curves_list: 'A:B'", inForce("ssl.curves.list"), "A:B"},
	{Admin, "https_ca_location: ca.pem", inForce("https.ca.location"), "ca.pem"},
	{Admin, "https_ca_pem: text", inForce("https.ca.pem"), "text"},
	{Admin, "ssl_endpoint_identification_algorithm: none", inForce("ssl.endpoint.identification.algorithm"), "none"},
	{Admin, "sasl_mechanism: plain", inForce("sasl.mechanisms"), "PLAIN"},
	{Admin, "sasl_plain_username: u", inForce("sasl.username"), "u"},
	{Admin, "sasl_plain_password: p", hidden("sasl.password"), "p"},
	{Admin, "sasl_oauthbearer_method: OIDC", inForce("sasl.oauthbearer.method"), "oidc"},
	{Admin, "sasl_oauthbearer_token: t", hidden("sasl.oauthbearer.token"), "t"},
	{Admin, "sasl_oauthbearer_token_endpoint_url: 'https://idp/'", inForce("sasl.oauthbearer.token.endpoint.url"), "https://idp/"},
	{Admin, "sasl_oauthbearer_client_credentials_client_id: c", inForce("sasl.oauthbearer.client.id"), "c"},
	{Admin, "sasl_oauthbearer_client_secret: p", hidden("sasl.oauthbearer.client.secret"), "p"},
	{Admin, "sasl_oauthbearer_scope: a b", inForce("sasl.oauthbearer.scope"), "a b"},
	{Admin, "sasl_oauthbearer_extensions: 'a=b,c=d'", inForce("sasl.oauthbearer.extensions"), "a=b,c=d"},
	{Admin, "sasl_oauthbearer_sub_claim_name: who", inForce("sasl.oauthbearer.sub.claim.name"), "who"},
	{Admin, "enable_sasl_oauthbearer_unsecure_jwt: t", inForce("enable.sasl.oauthbearer.unsecure.jwt"), "true"},
	{Admin, "sasl_oauthbearer_config: 'principal=a scope=b'", inForce("sasl.oauthbearer.config"), "principal=a,scope=b"},
	{Admin, "sasl_kerberos_service_name: k", inForce("sasl.kerberos.service.name"), "k"},
	{Admin, "sasl_kerberos_principal: a@B", inForce("sasl.kerberos.principal"), "a@B"},
	{Admin, "sasl_kerberos_keytab: k", inForce("sasl.kerberos.keytab"), "k"},
}

// hidden is a secret, which must not be what the option shows.
func hidden(name string) probe {
	return func(t *testing.T, o *Options) any {
		if o.String(name) != "***" {
			t.Errorf("%s shows %q", name, o.String(name))
		}
		text, err := o.Secret(name).Reveal()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

// secured tells whether the client connects by TLS.
var secured probe = func(t *testing.T, o *Options) any {
	ours := reflect.ValueOf(new(secureDial).Dial).Pointer()
	return reflect.ValueOf(optValue(t, o, kgo.Dialer)).Pointer() == ours
}

// securitySilentTests are silentTests of TLS and the login.
var securitySilentTests = []silentTest{
	{Admin, "ssl.ca.certificate.stores", "Root", "CA", warns},
	{Admin, "sasl.kerberos.min.time.before.relogin", "60000", "5", warns},
	{Admin, "ssl.crl.location", "", "x", refuses},
	{Admin, "ssl.sigalgs.list", "", "x", refuses},
	{Admin, "ssl.providers", "", "x", refuses},
	{Admin, "ssl.engine.location", "", "x", refuses},
	{Admin, "ssl.engine.id", "dynamic", "x", refuses},
	{Admin, "ssl_key", "", "0x1234", refuses},
	{Admin, "ssl_certificate", "", "0x1234", refuses},
	{Admin, "ssl_ca", "", "0x1234", refuses},
	{Admin, "ssl_engine_callback_data", "", "0x1234", refuses},
	{Admin, "ssl.certificate.verify_cb", "", "0x1234", refuses},
	{Admin, "oauthbearer_token_refresh_cb", "", "0x1234", refuses},
	{Admin, "sasl.kerberos.kinit.cmd", "", "rm", refuses},
	{Admin, "sasl.oauthbearer.grant.type", "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer", refuses},
	{Admin, "sasl.oauthbearer.assertion.algorithm", "RS256", "ES256", refuses},
	{Admin, "sasl.oauthbearer.assertion.private.key.file", "", "x", refuses},
	{Admin, "sasl.oauthbearer.assertion.private.key.passphrase", "", "x", refuses},
	{Admin, "sasl.oauthbearer.assertion.private.key.pem", "", "x", refuses},
	{Admin, "sasl.oauthbearer.assertion.file", "", "x", refuses},
	{Admin, "sasl.oauthbearer.assertion.claim.aud", "", "x", refuses},
	{Admin, "sasl.oauthbearer.assertion.claim.exp.seconds", "300", "5", refuses},
	{Admin, "sasl.oauthbearer.assertion.claim.iss", "", "x", refuses},
	{Admin, "sasl.oauthbearer.assertion.claim.jti.include", "false", "true", refuses},
	{Admin, "sasl.oauthbearer.assertion.claim.nbf.seconds", "60", "5", refuses},
	{Admin, "sasl.oauthbearer.assertion.claim.sub", "", "x", refuses},
	{Admin, "sasl.oauthbearer.assertion.jwt.template.file", "", "x", refuses},
	{Admin, "sasl.oauthbearer.metadata.authentication.type", "none", "azure_imds", refuses},
}

// TestLoginFaults has logins that lack something, have too much, or are open.
func TestLoginFaults(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"security_protocol: SASL_SSL", "asks to log in but sasl.mechanism is not set"},
		{"security_protocol: SASL_SSL, sasl_mechanism: PLAIN", "needs sasl.username"},
		{"security_protocol: SASL_SSL, sasl_mechanism: SCRAM-SHA-512, sasl_username: u", "needs sasl.password"},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER", "needs a way to get a token"},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_token: t", ""},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_token: t, sasl_oauthbearer_method: oidc, sasl_oauthbearer_token_endpoint_url: 'https://idp/'", "has more than one way"},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_method: oidc, sasl_oauthbearer_token_endpoint_url: 'https://idp/', sasl_oauthbearer_client_id: c", "oidc needs sasl.oauthbearer.client.secret"},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_method: oidc, sasl_oauthbearer_token_endpoint_url: idp, sasl_oauthbearer_client_id: c, sasl_oauthbearer_client_secret: s", "must be an https or http address"},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, enable_sasl_oauthbearer_unsecure_jwt: true", "needs principal=NAME"},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, enable_sasl_oauthbearer_unsecure_jwt: true, sasl_oauthbearer_config: 'principal=a lifeSeconds=x'", "lifeSeconds must be"},
		{"security_protocol: SASL_SSL, sasl_mechanism: OAUTHBEARER, sasl_oauthbearer_token: t, sasl_oauthbearer_extensions: x", `"x" is not NAME=VALUE`},
		{"security_protocol: SASL_SSL, sasl_mechanism: AWS_MSK_IAM", ""},
		{"sasl_mechanism: PLAIN", "has no effect: security.protocol is plaintext"},
		{"ssl_cafile: x", "has no effect: security.protocol is plaintext"},
		{"security_protocol: SSL, enable_ssl_certificate_verification: no", "is off: whoever answers is taken for the broker"},
		{"security_protocol: SASL_PLAINTEXT, sasl_mechanism: PLAIN, sasl_username: u, sasl_password: p", "in clear text"},
		{"security_protocol: SASL_PLAINTEXT, sasl_mechanism: SCRAM-SHA-256, sasl_username: u, sasl_password: p", ""},
		{"security_protocol: SSL, ssl_ca_pem: x, ssl_cafile: y", "exclude each other"},
		{"security_protocol: SSL, ssl_ca_pem: x", "has no certificate in PEM form"},
		{"security_protocol: SSL, ssl_keystore_location: x, ssl_certfile: " + keys + "/plain.pem", "holds certificate and key"},
		{"security_protocol: SSL, ssl_keystore_location: " + keys + "/plain.pem", "no PKCS#12 keystore"},
		{"security_protocol: SSL, ssl_certificate_pem: x, ssl_keyfile: " + keys + "/pbes2-default.pem", "is encrypted: set ssl.key.password"},
		{"security_protocol: SSL, ssl_cipher_suites: RC4-MD5", "is not offered"},
		{"security_protocol: SSL, ssl_curves_list: X448", "is not offered"},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, faults := resolve(t, Admin, "bootstrap_servers: seed", test.text)
			if test.want == "" && len(faults) == 0 {
				return
			}
			if len(faults) != 1 || !strings.Contains(faults[0].Message, test.want) || test.want == "" {
				t.Errorf("got %v, want %q", faults, test.want)
			}
		})
	}
}

// keys is where the test data are, from any folder.
var keys = func() string {
	here, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return filepath.Join(here, "testdata/keys")
}()

// TestExpiringCertificate tells of a client's certificate that ends.
func TestExpiringCertificate(t *testing.T) {
	for life, want := range map[time.Duration]string{-time.Minute: "expired at", time.Hour: "expires soon"} {
		dir := t.TempDir()
		authorityFor(t, dir, "me", life)
		_, faults := resolve(t, Admin, "bootstrap_servers: seed", "security_protocol: SSL, ssl_certfile: "+dir+"/leaf.pem, ssl_keyfile: "+dir+"/leaf.key")
		if len(faults) != 1 || !faults[0].Warning || !strings.HasPrefix(faults[0].Message, want) {
			t.Errorf("%s: got %v, want %q", life, faults, want)
		}
	}
}
