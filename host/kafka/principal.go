package kafka

import "strings"

// principal is whom the brokers take the client for, to name in a message about
// a right that is missing, as far as this side can know.
func (o *Options) principal() string {
	mechanism := o.String("sasl.mechanisms")
	switch {
	case o.logsIn() && (mechanism == mechanismPlain || strings.HasPrefix(mechanism, "SCRAM")):
		if s := o.get("sasl.username"); s.secret {
			return "the user of sasl.username"
		}
		return "User:" + o.String("sasl.username")
	case o.logsIn():
		return "the principal that the brokers make of the login by " + mechanism
	case !o.secure():
		return "User:ANONYMOUS, who does not log in"
	}
	if pairs, err := o.certificate(tlsFiles{}); err == nil && len(pairs) > 0 && pairs[0].Leaf != nil {
		return "User:" + pairs[0].Leaf.Subject.String()
	}
	return "User:ANONYMOUS, who shows no certificate"
}
