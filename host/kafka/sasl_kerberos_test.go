//go:build kerberos

package kafka

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
)

// TestKerberos reads the files of a login, for which there is no realm.
func TestKerberos(t *testing.T) {
	dir := t.TempDir()
	conf, keys, broken := filepath.Join(dir, "krb5.conf"), filepath.Join(dir, "keytab"), filepath.Join(dir, "broken")
	writeText(t, conf, "[libdefaults]\n default_realm = EXAMPLE.COM\n udp_preference_limit = 1\n[realms]\n EXAMPLE.COM = {\n  kdc = 127.0.0.1:1\n }\n")
	table := keytab.New()
	const aes256 = 18
	if err := table.AddEntry("me", "EXAMPLE.COM", "password", time.Now(), 1, aes256); err != nil {
		t.Fatal(err)
	}
	data, err := table.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, keys, string(data))
	writeText(t, broken, "nothing")
	for _, test := range []struct{ conf, options, fails string }{
		{conf, "", "needs sasl.kerberos.keytab"},
		{conf, ", sasl_kerberos_keytab: " + broken, "keytab"},
		{conf + ".gone", ", sasl_kerberos_keytab: " + keys, "KRB5_CONFIG"},
		{conf, ", sasl_kerberos_principal: me, sasl_kerberos_keytab: " + keys, ""},
	} {
		t.Setenv("KRB5_CONFIG", test.conf)
		o, faults := resolve(t, Admin, "bootstrap_servers: seed, security_protocol: SASL_SSL, sasl_mechanism: GSSAPI"+test.options, "")
		if err := faults.Err(); (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
			t.Errorf("%s: got %v, want %q", test.options, err, test.fails)
		}
		if test.fails != "" {
			continue
		}
		if m := optValue(t, o, kgo.SASL).([]sasl.Mechanism); len(m) != 1 || m[0].Name() != "GSSAPI" {
			t.Errorf("logs in by %v", m)
		}
		if _, err := firstMessage(t, o); err == nil || !strings.Contains(reachRemedy(err), "check sasl.kerberos.principal") {
			t.Errorf("without a realm: %v", err)
		}
		c, err := o.kerberosClient()
		if err != nil {
			t.Fatal(err)
		}
		if c.Credentials.UserName() != "me" || c.Credentials.Domain() != "EXAMPLE.COM" {
			t.Errorf("logs in %s of %s", c.Credentials.UserName(), c.Credentials.Domain())
		}
	}
}
