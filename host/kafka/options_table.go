package kafka

import (
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// table is every option that is known. What is in no row is refused.
var table = slices.Concat(clientRows, securityRows, sourceRows, sinkRows, mootRows, refusedRows)

// unlimited is how librdkafka writes "no limit".
const unlimited = math.MaxInt32

// clientLimit is the most bytes that the client writes or reads at once.
const clientLimit = 1 << 30

func durationOpt[O kgo.Opt](name string, opt func(time.Duration) O) func(*Options) ([]kgo.Opt, error) {
	return func(o *Options) ([]kgo.Opt, error) { return []kgo.Opt{opt(o.Duration(name))}, nil }
}

func bytesOpt[O kgo.Opt](name string, opt func(int32) O) func(*Options) ([]kgo.Opt, error) {
	return func(o *Options) ([]kgo.Opt, error) { return []kgo.Opt{opt(int32(o.Int(name)))}, nil }
}

// textOpt is for options that the client does not want to see empty.
func textOpt[O kgo.Opt](name string, opt func(string) O) func(*Options) ([]kgo.Opt, error) {
	return func(o *Options) ([]kgo.Opt, error) {
		if o.String(name) == "" {
			return nil, nil
		}
		return []kgo.Opt{opt(o.String(name))}, nil
	}
}

// flagOpt is for options that the client knows only one way round.
func flagOpt[O kgo.Opt](name string, when bool, opt func() O) func(*Options) ([]kgo.Opt, error) {
	return func(o *Options) ([]kgo.Opt, error) {
		if o.Bool(name) != when {
			return nil, nil
		}
		return []kgo.Opt{opt()}, nil
	}
}
