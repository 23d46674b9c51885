package kafka

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// loginOpts is the login, as security.protocol and the mechanism say.
func loginOpts(o *Options) ([]kgo.Opt, error) {
	if !o.logsIn() {
		return nil, nil
	}
	mechanism, err := o.login()
	if err != nil || mechanism == nil {
		return nil, err
	}
	return []kgo.Opt{kgo.SASL(mechanism)}, nil
}

// secure tells whether connections are TLS ones.
func (o *Options) secure() bool { return strings.HasSuffix(o.String("security.protocol"), "ssl") }

// logsIn tells whether the client logs in.
func (o *Options) logsIn() bool { return strings.HasPrefix(o.String("security.protocol"), "sasl_") }
