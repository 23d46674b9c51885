package kafka

// noSecurityRows are options of librdkafka's security that do nothing here, or are
// refused because passing them over would leave a gap.
var noSecurityRows = []row{
	{
		name: "ssl.ca.certificate.stores", role: anyRole, kind: kindText,
		std:   "Root",
		treat: warn, why: "the system's own verifier is used where no authority is given",
		doc: "Windows certificate stores.",
	},
	{
		name: "sasl.kerberos.min.time.before.relogin", role: anyRole, kind: kindMillis, low: 0, high: 86400000,
		std:   "60000",
		treat: warn, why: "tickets are renewed when they are needed",
		doc: "Time between two renewals of a ticket.",
	},
	{
		name: "ssl.crl.location", role: anyRole, kind: kindText,
		treat: reject, why: "revocation lists are not checked, and must not be passed over",
		doc: "File of revoked certificates.",
	},
	{
		name: "ssl.sigalgs.list", role: anyRole, kind: kindText,
		treat: reject, why: "signature algorithms cannot be chosen",
		doc: "Signature algorithms.",
	},
	{
		name: "ssl.providers", role: anyRole, kind: kindText,
		treat: reject, why: "OpenSSL, whose plug-ins these are, is not used",
		doc: "OpenSSL providers.",
	},
	{
		name: "ssl.engine.location", role: anyRole, kind: kindText,
		treat: reject, why: "OpenSSL, whose plug-ins these are, is not used",
		doc: "OpenSSL engine.",
	},
	{
		name: "ssl.engine.id", role: anyRole, kind: kindText,
		std:   "dynamic",
		treat: reject, why: "OpenSSL, whose plug-ins these are, is not used",
		doc: "OpenSSL engine. dynamic is accepted.",
	},
	{
		name: "ssl_key", role: anyRole, kind: kindText,
		treat: reject, why: "it is a value of librdkafka's program interface, no text; use ssl.key.location or ssl.key.pem",
		doc: "Key object.",
	},
	{
		name: "ssl_certificate", role: anyRole, kind: kindText,
		treat: reject, why: "it is a value of librdkafka's program interface, no text; use ssl.certificate.location or ssl.certificate.pem",
		doc: "Certificate object.",
	},
	{
		name: "ssl_ca", role: anyRole, kind: kindText,
		treat: reject, why: "it is a value of librdkafka's program interface, no text; use ssl.ca.location or ssl.ca.pem",
		doc: "Authority object.",
	},
	{
		name: "ssl_engine_callback_data", role: anyRole, kind: kindText,
		treat: reject, why: "it is a value of librdkafka's program interface, no text; OpenSSL is not used",
		doc: "Data of an OpenSSL engine.",
	},
	{
		name: "ssl.certificate.verify_cb", role: anyRole, kind: kindText,
		treat: reject, why: "it is a call-back of librdkafka's program interface, no text; use ssl.ca.location and ssl.endpoint.identification.algorithm",
		doc: "Call-back that checks certificates.",
	},
	{
		name: "oauthbearer_token_refresh_cb", role: anyRole, kind: kindText,
		treat: reject, why: "it is a call-back of librdkafka's program interface, no text; use sasl.oauthbearer.method or sasl.oauthbearer.token",
		doc: "Call-back that gets tokens.",
	},
	{
		name: "sasl.kerberos.kinit.cmd", role: anyRole, kind: kindText,
		std:   "kinit -R -t \"%{sasl.kerberos.keytab}\" -k %{sasl.kerberos.principal} || kinit -t \"%{sasl.kerberos.keytab}\" -k %{sasl.kerberos.principal}",
		treat: reject, why: "no command is run to log in; sasl.kerberos.keytab is enough",
		doc: "Command that gets a ticket.",
	},
	{
		name: "sasl.oauthbearer.grant.type", role: anyRole, kind: kindEnum,
		words: []string{"client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
		std:   "client_credentials",
		treat: reject, why: "tokens are got by the client credentials grant only",
		doc: "Grant. client_credentials is accepted.",
	},
	{
		name: "sasl.oauthbearer.assertion.algorithm", role: anyRole, kind: kindEnum,
		words: []string{"RS256", "ES256"},
		std:   "RS256",
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Algorithm that signs the assertion.",
	},
	{
		name: "sasl.oauthbearer.assertion.private.key.file", role: anyRole, kind: kindText,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Key that signs the assertion.",
	},
	{
		name: "sasl.oauthbearer.assertion.private.key.passphrase", role: anyRole, kind: kindText, secret: true,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Password of that key.",
	},
	{
		name: "sasl.oauthbearer.assertion.private.key.pem", role: anyRole, kind: kindText, secret: true,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Key that signs the assertion, as PEM text.",
	},
	{
		name: "sasl.oauthbearer.assertion.file", role: anyRole, kind: kindText,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "File of the assertion.",
	},
	{
		name: "sasl.oauthbearer.assertion.claim.aud", role: anyRole, kind: kindText,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Audience of the assertion.",
	},
	{
		name: "sasl.oauthbearer.assertion.claim.exp.seconds", role: anyRole, kind: kindInt, low: 1, high: unlimited,
		std:   "300",
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Life of the assertion.",
	},
	{
		name: "sasl.oauthbearer.assertion.claim.iss", role: anyRole, kind: kindText,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Issuer of the assertion.",
	},
	{
		name: "sasl.oauthbearer.assertion.claim.jti.include", role: anyRole, kind: kindBool,
		std:   "false",
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Whether the assertion has an id.",
	},
	{
		name: "sasl.oauthbearer.assertion.claim.nbf.seconds", role: anyRole, kind: kindInt, high: unlimited,
		std:   "60",
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Time before which the assertion counts.",
	},
	{
		name: "sasl.oauthbearer.assertion.claim.sub", role: anyRole, kind: kindText,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Subject of the assertion.",
	},
	{
		name: "sasl.oauthbearer.assertion.jwt.template.file", role: anyRole, kind: kindText,
		treat: reject, why: "the grant by an assertion is not supported; use client_credentials or sasl.oauthbearer.token",
		doc: "Template of the assertion.",
	},
	{
		name: "sasl.oauthbearer.metadata.authentication.type", role: anyRole, kind: kindEnum,
		words: []string{"none", "azure_imds", "aws_iam"},
		std:   "none",
		treat: reject, why: "tokens of a cloud's metadata are not got; for AWS there is sasl.mechanism AWS_MSK_IAM",
		doc: "Cloud whose metadata give the token. none is accepted.",
	},
}
