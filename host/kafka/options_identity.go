package kafka

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// versionOpts takes the brokers for what they are said to be where they are
// not to be asked.
func versionOpts(o *Options) ([]kgo.Opt, error) {
	version := o.String("broker.version.fallback")
	known := kversion.FromString(version)
	switch {
	case known == nil:
		return nil, optionError{"broker.version.fallback", fmt.Errorf("%q is not a version of Kafka, such as 2.8.0", version)}
	case o.Bool("api.version.request"):
		return nil, nil
	}
	return []kgo.Opt{kgo.MaxVersions(known)}, nil
}

// softwareText is what brokers take for a name or a version of a program.
var softwareText = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$`)

func softwareOpts(o *Options) ([]kgo.Opt, error) {
	version := o.String("client.software.version")
	if version == "" {
		version = softwareVersion()
	}
	for _, of := range [][2]string{{"client.software.name", o.String("client.software.name")}, {"client.software.version", version}} {
		if text := of[1]; !softwareText.MatchString(text) {
			return nil, optionError{of[0], fmt.Errorf("%q must be letters, digits, '.' and '-', with a letter or digit at both ends", text)}
		}
	}
	return []kgo.Opt{kgo.SoftwareNameAndVersion(o.String("client.software.name"), version)}, nil
}

// softwareVersion is the version of the module that the Go tool recorded, in
// the letters that brokers take.
func softwareVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if version := strings.ReplaceAll(info.Main.Version, "+", "-"); softwareText.MatchString(version) {
			return version
		}
	}
	return "unknown"
}

// featureOpts refuses what is asked for and not there.
func featureOpts(o *Options) ([]kgo.Opt, error) {
	if rowOf("builtin.features").asksNothing(o.get("builtin.features").value) {
		return nil, nil
	}
	for _, feature := range o.List("builtin.features") {
		if !slices.Contains(features(), feature) {
			return nil, fmt.Errorf("asks for %s, which weir does not have", feature)
		}
	}
	return nil, nil
}

// features are those of librdkafka's that are here.
func features() []string {
	out := []string{"gzip", "snappy", "lz4", "zstd", "regex", "ssl", "sasl"}
	for feature, mechanism := range map[string]string{
		"sasl_plain": "PLAIN", "sasl_scram": "SCRAM-SHA-256", "sasl_oauthbearer": "OAUTHBEARER", "sasl_gssapi": "GSSAPI",
	} {
		if slices.Contains(rowOf("sasl.mechanisms").words, mechanism) {
			out = append(out, feature)
		}
	}
	if r := rowOf("sasl.oauthbearer.token.endpoint.url"); r != nil && r.treat != reject {
		out = append(out, "oidc")
	}
	return out
}
