//go:build kerberos

package kafka

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/twmb/franz-go/pkg/sasl"
	krb "github.com/twmb/franz-go/pkg/sasl/kerberos"
)

func init() { kerberos = gssapi }

// gssapi is the login by Kerberos. The files are read for each login, and once
// now, so that what is wrong with them shows at the start.
func gssapi(o *Options) (sasl.Mechanism, error) {
	if o.String("sasl.kerberos.keytab") != "" {
		if _, err := o.kerberosClient(); err != nil {
			return nil, err
		}
	}
	return ticketed{krb.Kerberos(func(context.Context) (krb.Auth, error) {
		c, err := o.kerberosClient()
		if err != nil {
			return krb.Auth{}, &secretError{error: err}
		}
		return krb.Auth{Client: c, Service: o.String("sasl.kerberos.service.name")}, nil
	})}, nil
}

// ticketed tells what to look at when there is no ticket.
type ticketed struct{ sasl.Mechanism }

func (m ticketed) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	session, message, err := m.Mechanism.Authenticate(ctx, host)
	if err != nil {
		err = &secretError{
			error:  fmt.Errorf("no Kerberos ticket: %w", err),
			remedy: "check sasl.kerberos.principal, sasl.kerberos.keytab and krb5.conf, and that the realm knows the service sasl.kerberos.service.name/HOST of the brokers",
		}
	}
	return session, message, err
}

// kerberosClient is one that has not logged in. Where the principal names no
// realm, it is the default one of krb5.conf.
func (o *Options) kerberosClient() (*client.Client, error) {
	file := cmp.Or(os.Getenv("KRB5_CONFIG"), "/etc/krb5.conf")
	realms, err := config.Load(file)
	if err != nil {
		return nil, optionError{"sasl.mechanisms", fmt.Errorf("GSSAPI needs the configuration of Kerberos, KRB5_CONFIG or /etc/krb5.conf: %w", err)}
	}
	keys, err := keytab.Load(o.String("sasl.kerberos.keytab"))
	if err != nil {
		return nil, optionError{"sasl.kerberos.keytab", err}
	}
	name, realm, ok := strings.Cut(o.String("sasl.kerberos.principal"), "@")
	if !ok {
		realm = realms.LibDefaults.DefaultRealm
	}
	return client.NewWithKeytab(name, realm, keys, realms, client.DisablePAFXFAST(true)), nil
}
