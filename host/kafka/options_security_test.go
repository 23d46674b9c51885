package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// securityRowTests are rowTests of the options of TLS and the login. What TLS and
// SASL make of them, the tests of the connection show.
var securityRowTests = []rowTest{
	{Admin, noText, kgo.DialTLS, false},
	{Admin, "security_protocol: SSL", kgo.DialTLS, true},
	{Admin, "ssl_cafile: ca.pem", inForce("ssl.ca.location"), "ca.pem"},
	{Admin, "ssl_certfile: cert.pem", inForce("ssl.certificate.location"), "cert.pem"},
	{Admin, "ssl_keyfile: key.pem", inForce("ssl.key.location"), "key.pem"},
	{Admin, "enable_ssl_certificate_verification: f", inForce("enable.ssl.certificate.verification"), "false"},
	{Admin, "ssl_endpoint_identification_algorithm: none", inForce("ssl.endpoint.identification.algorithm"), "none"},
	{Admin, "sasl_mechanism: plain", inForce("sasl.mechanisms"), "PLAIN"},
	{Admin, "sasl_plain_username: u", inForce("sasl.username"), "u"},
	{Admin, "sasl_plain_password: p", inForce("sasl.password"), "***"}, // as it shows
}
