package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/aws"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// The mechanisms by which a client can log in.
const (
	mechanismPlain   = "PLAIN"
	mechanismSCRAM   = "SCRAM-SHA-256"
	mechanismSCRAM5  = "SCRAM-SHA-512"
	mechanismOAuth   = "OAUTHBEARER"
	mechanismMSK     = "AWS_MSK_IAM"
	mechanismGSSAPI  = "GSSAPI"
	noKerberosReason = "this weir is built without Kerberos: build it with -tags kerberos, or use another mechanism"
)

// kerberos makes the mechanism GSSAPI. It is nil in builds without it.
var kerberos func(o *Options) (sasl.Mechanism, error)

// login is how the client logs in; checkLogin made sure that all it needs is
// there. Every mechanism asks for its secrets at each login, of which there is
// one a connection, so that new ones count without a restart.
func (o *Options) login() (sasl.Mechanism, error) {
	switch mechanism := o.String("sasl.mechanisms"); mechanism {
	case mechanismPlain:
		return plain.Plain(func(context.Context) (a plain.Auth, err error) {
			a.User, a.Pass, err = o.userAndPassword()
			return a, err
		}), nil
	case mechanismSCRAM, mechanismSCRAM5:
		auth := func(context.Context) (a scram.Auth, err error) {
			a.User, a.Pass, err = o.userAndPassword()
			return a, err
		}
		if mechanism == mechanismSCRAM {
			return scram.Sha256(auth), nil
		}
		return scram.Sha512(auth), nil
	case mechanismOAuth:
		token, err := o.tokenSource()
		if err != nil {
			return nil, err
		}
		return oauth.Oauth(token), nil
	case mechanismMSK:
		return aws.ManagedStreamingIAM(awsCredentials), nil
	case mechanismGSSAPI:
		if kerberos == nil {
			return nil, optionError{"sasl.mechanisms", errors.New(noKerberosReason)}
		}
		return kerberos(o)
	}
	return nil, nil // checkLogin has told
}

func (o *Options) userAndPassword() (user, password string, err error) {
	if user, err = o.reveal("sasl.username"); err != nil {
		return "", "", err
	}
	password, err = o.reveal("sasl.password")
	return user, password, err
}

// reveal is a secret as it is now.
func (o *Options) reveal(name string) (string, error) {
	text, err := o.Secret(name).Reveal()
	if err != nil {
		return "", &secretError{error: fmt.Errorf("%s: %w", name, err)}
	}
	return text, nil
}

// secretError says that a secret could not be had. The client tries again: who
// replaces a file, or an identity provider, may be about to finish.
type secretError struct {
	error
	remedy string // "" where the error says enough
}

func (e *secretError) Unwrap() error { return e.error }

// Temporary tells the client to go on trying.
func (e *secretError) Temporary() bool { return true }
