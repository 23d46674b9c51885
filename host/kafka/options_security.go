package kafka

import "github.com/weirhq/weir/host/config"

// securityRows are the options of TLS and of the login.
var securityRows = []row{
	{
		name: "security.protocol", role: anyRole, kind: kindEnum, words: []string{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}, def: "plaintext",
		maps: "DialTLSConfig, SASL", opts: securityOpts,
		doc: "Whether to use TLS (ssl) and to log in (sasl).",
	},
	{
		name: "ssl.ca.location", aliases: []string{"ssl_cafile"}, role: anyRole, kind: kindText, maps: "DialTLSConfig",
		doc: "PEM file, or directory of PEM files, of the authorities to trust. Without it the system's are.",
	},
	{
		name: "ssl.certificate.location", aliases: []string{"ssl_certfile"}, role: anyRole, kind: kindText, maps: "DialTLSConfig",
		doc: "PEM file of the client's certificate and its chain.",
	},
	{
		name: "ssl.key.location", aliases: []string{"ssl_keyfile"}, role: anyRole, kind: kindText, maps: "DialTLSConfig",
		doc: "PEM file of the key of the client's certificate.",
	},
	{
		name: "enable.ssl.certificate.verification", role: anyRole, kind: kindBool, def: "true", maps: "DialTLSConfig",
		doc: "Whether to check the brokers' certificates. Without the check anybody can play broker.",
	},
	{
		name: "ssl.endpoint.identification.algorithm", role: anyRole, kind: kindEnum, words: []string{"https", "none"}, def: "https", maps: "DialTLSConfig",
		doc: "Whether the brokers' certificates must name their hosts.",
	},
	{
		name: "sasl.mechanisms", aliases: []string{"sasl.mechanism"}, role: anyRole, kind: kindEnum,
		words: []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, maps: "SASL",
		doc: "How to log in where security.protocol says sasl.",
	},
	{
		name: "sasl.username", aliases: []string{"sasl_plain_username"}, role: anyRole, kind: kindText, maps: "SASL",
		doc: "User for PLAIN and SCRAM.",
	},
	{
		name: "sasl.password", aliases: []string{"sasl_plain_password"}, role: anyRole, kind: kindText, secret: true, maps: "SASL",
		doc: "Password for PLAIN and SCRAM.",
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
