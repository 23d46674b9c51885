package kafka

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// problem is what is wrong with the options of one client; name is the option
// that the message is about.
type problem struct {
	name, message, hint string
	warning             bool
}

// check finds what the options say against each other or ask of a client that
// cannot give it, and moves values within the client's bounds. After it a
// client can be made of the options unless an error was found.
func (o *Options) check() []problem {
	var found []problem
	for i := range table {
		s := o.settings[table[i].name]
		if s == nil || !s.given {
			continue
		}
		found = append(found, s.treat()...)
	}
	if o.role == Admin && len(o.List("bootstrap.servers")) == 0 {
		found = append(found, problem{name: "bootstrap.servers", message: "is missing", hint: `write bootstrap_servers: "host:9092" into the connection`})
	}
	for _, rule := range rules {
		if rule.role&o.role == 0 {
			continue
		}
		if p := rule.check(o); p.message != "" {
			found = append(found, p)
		}
	}
	found = append(found, o.checkAlone()...)
	found = append(found, o.tryOptions()...)
	for _, p := range found {
		if !p.warning {
			return found
		}
	}
	if len(o.List("bootstrap.servers")) == 0 {
		return found // reported for Admin
	}
	return append(found, o.tryClient()...)
}

// tryOptions makes the client's options one row after the other.
func (o *Options) tryOptions() []problem {
	var found []problem
	for i := range table {
		r := &table[i]
		if r.opts == nil || r.role&o.role == 0 {
			continue
		}
		if _, err := r.opts(o); err != nil {
			name := r.name
			if e := (optionError{}); errors.As(err, &e) {
				name = e.name
			}
			found = append(found, problem{name: name, message: err.Error()})
		}
	}
	return found
}

// tryClient asks the client itself, which connects nowhere.
func (o *Options) tryClient() []problem {
	opts, err := o.ClientOpts()
	if err == nil {
		err = kgo.ValidateOpts(opts...)
	}
	if err != nil {
		return []problem{{name: "bootstrap.servers", message: "the client refuses its options: " + err.Error()}}
	}
	return nil
}

// optionError says which option of a group an error is about.
type optionError struct {
	name string
	err  error
}

func (e optionError) Error() string { return e.err.Error() }
func (e optionError) Unwrap() error { return e.err }

// treat does what the option's row says about its value.
func (s *setting) treat() []problem {
	r := s.row
	switch {
	case r.treat != warn && r.treat != reject:
	case r.asksNothing(s.value):
		s.note = "what is done anyway"
		return nil
	case r.treat == warn:
		return []problem{{name: r.name, message: "has no effect: " + r.why, hint: "remove it", warning: true}}
	default:
		return []problem{{name: r.name, message: "is not supported: " + r.why, hint: "remove it"}}
	}
	if why := r.moot[s.value.text]; why != "" {
		s.note = "no effect: " + why
		return []problem{{name: r.name, message: s.value.text + " has no effect: " + why, hint: "remove it", warning: true}}
	}
	n := s.value.number
	switch {
	case r.name == "connections.max.idle.ms" && n == 0, r.ceiling != 0 && n > r.ceiling:
		return s.clamp(r.ceiling)
	case r.name == "topic.metadata.refresh.interval.ms" && n < 0:
		return s.clamp(r.ceiling)
	case r.floor != 0 && n < r.floor && !(r.name == "message.timeout.ms" && n == 0):
		return s.clamp(r.floor)
	}
	return nil
}

func (s *setting) clamp(bound int64) []problem {
	s.note = fmt.Sprintf("%s as written; the client's bound is %d", s.value.text, bound)
	p := problem{name: s.row.name, message: fmt.Sprintf("%q is beyond what the client can do: %d is used", s.value.text, bound), warning: true}
	s.value.number = bound
	if s.row.kind == kindMillis {
		s.value.duration = time.Duration(bound) * time.Millisecond
	}
	s.value.text = fmt.Sprint(bound)
	return []problem{p}
}

// rules are what options say about each other. A rule finds nothing when its
// message is empty.
var rules = []struct {
	role  Role
	check func(o *Options) problem
}{
	{anyRole, checkSASL},
	{anyRole, checkBackoff},
	{Consumer, checkGroup},
	{Consumer, checkPartitions},
	{Consumer, checkBrokersAssign},
	{Consumer, checkRemoteAssignor},
	{Consumer, checkHeartbeat},
	{Consumer, checkPollInterval},
	{Consumer, checkFetch},
	{Producer, checkIdempotence},
	{Producer, checkInFlight},
	{Producer, checkRetries},
	{Producer, checkBackpressure},
	{Producer, checkAcks},
	{Producer, checkMessageTimeout},
	{Producer, checkWatermarks},
}

func checkBackoff(o *Options) problem {
	for _, name := range []string{"reconnect.backoff", "retry.backoff"} {
		if least, most := o.Duration(name+".ms"), o.Duration(name+".max.ms"); most < least {
			return problem{name: o.blame(name+".max.ms", name+".ms"), message: fmt.Sprintf("makes %s.max.ms (%s) less than %s.ms (%s)", name, most, name, least)}
		}
	}
	return problem{}
}

// blame chooses the option that a message points at: the first that is set.
func (o *Options) blame(names ...string) string {
	for _, name := range names {
		if o.Set(name) {
			return name
		}
	}
	return names[0]
}

func checkGroup(o *Options) problem {
	if o.Set("group.id") {
		return problem{}
	}
	if o.alone() {
		return problem{name: "group.id", message: "is not set: offsets are committed to the shared default " + DefaultGroup + ", as are those of whoever else uses it", hint: "give the source its own group_id", warning: true}
	}
	return problem{name: "group.id", message: "is not set: the shared default " + DefaultGroup + " is used, and whoever else uses it takes part of the partitions", hint: "give the source its own group_id", warning: true}
}

// checkBrokersAssign refuses what belongs to the classic protocol, as librdkafka
// does: the brokers have settings of their own for it.
func checkBrokersAssign(o *Options) problem {
	if !o.brokersAssign() {
		return problem{}
	}
	for _, name := range []string{"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy", "group.protocol.type"} {
		if o.Set(name) {
			return problem{name: name, message: "belongs to the classic protocol, but group.protocol is consumer", hint: "remove it: the brokers decide"}
		}
	}
	return problem{}
}

func checkRemoteAssignor(o *Options) problem {
	if o.Set("group.remote.assignor") && !o.brokersAssign() {
		return problem{name: "group.remote.assignor", message: "has no effect: group.protocol is " + o.String("group.protocol"), hint: "set group_protocol to consumer, or remove it", warning: true}
	}
	return problem{}
}

func checkHeartbeat(o *Options) problem {
	beat, session := o.Duration("heartbeat.interval.ms"), o.Duration("session.timeout.ms")
	if o.Set("heartbeat.interval.ms") && beat >= session {
		return problem{name: "heartbeat.interval.ms", message: fmt.Sprintf("is %s, not below session.timeout.ms (%s)", beat, session), hint: "a third of the session timeout is usual"}
	}
	return problem{}
}

func checkPollInterval(o *Options) problem {
	poll, session := o.Duration("max.poll.interval.ms"), o.Duration("session.timeout.ms")
	if poll < session && !o.brokersAssign() {
		return problem{name: o.blame("max.poll.interval.ms", "session.timeout.ms"), message: fmt.Sprintf("makes max.poll.interval.ms (%s) less than session.timeout.ms (%s)", poll, session), hint: "raise max.poll.interval.ms or lower session.timeout.ms"}
	}
	return problem{}
}

func checkFetch(o *Options) problem {
	if fetch, largest := o.Int("fetch.max.bytes"), o.Int("message.max.bytes"); o.Set("fetch.max.bytes") && fetch < largest {
		return problem{name: "fetch.max.bytes", message: fmt.Sprintf("is %d, less than message.max.bytes (%d)", fetch, largest), hint: "raise it, or lower message.max.bytes"}
	}
	const frame = 512
	if fetch, read := o.Int("fetch.max.bytes"), o.Int("receive.message.max.bytes"); o.Set("receive.message.max.bytes") && read < fetch+frame {
		return problem{name: "receive.message.max.bytes", message: fmt.Sprintf("is %d, less than fetch.max.bytes (%d) and %d for what is around it", read, fetch, frame), hint: "raise it, or lower fetch.max.bytes"}
	}
	return problem{}
}

func checkIdempotence(o *Options) problem {
	if o.Set("enable.idempotence") && o.Bool("enable.idempotence") && o.String("acks") != "all" {
		return problem{name: "enable.idempotence", message: "needs acks=all, but acks is " + o.String("acks"), hint: "remove one of the two"}
	}
	return problem{}
}

func checkInFlight(o *Options) problem {
	const most = 5
	n := o.Int("max.in.flight.requests.per.connection")
	switch {
	case o.idempotent() && n > most:
		return problem{name: "max.in.flight.requests.per.connection", message: fmt.Sprintf("is %d; with idempotence at most %d keep the order", n, most), hint: "remove it, or set enable_idempotence to false"}
	case !o.idempotent() && n > 1:
		return problem{name: "max.in.flight.requests.per.connection", message: "more than 1 without idempotence can change the order of records", hint: "remove it", warning: true}
	}
	return problem{}
}

func checkRetries(o *Options) problem {
	if o.Set("retries") && o.Int("retries") == 0 && o.idempotent() {
		return problem{name: "retries", message: "must be at least 1 with idempotence", hint: "remove it, or set enable_idempotence to false"}
	}
	return problem{}
}

func checkBackpressure(o *Options) problem {
	if o.Set("enable.idempotence") && o.idempotent() && o.Set("queue.buffering.backpressure.threshold") && o.Int("queue.buffering.backpressure.threshold") != 1 {
		return problem{name: "queue.buffering.backpressure.threshold", message: "must be 1 with idempotence", hint: "remove it"}
	}
	return problem{}
}

func checkAcks(o *Options) problem {
	switch o.String("acks") {
	case "0":
		return problem{name: "acks", message: "0 counts a record as delivered when it was sent: whatever goes wrong then is lost", hint: "use all", warning: true}
	case "1":
		return problem{name: "acks", message: "1 loses records when a leader dies before its replicas have them", hint: "use all", warning: true}
	}
	return problem{}
}

func checkMessageTimeout(o *Options) problem {
	timeout, linger := o.Duration("message.timeout.ms"), o.Duration("linger.ms")
	if timeout > 0 && timeout <= linger {
		return problem{name: "message.timeout.ms", message: fmt.Sprintf("is %s, not above linger.ms (%s)", timeout, linger), hint: "raise it, or lower linger.ms"}
	}
	return problem{}
}

func checkWatermarks(o *Options) problem {
	if low, high := o.Int("watermark.low"), o.Int("watermark.high"); o.Set("watermark.low") && o.Set("watermark.high") && low > high {
		return problem{name: "watermark.low", message: fmt.Sprintf("is %d, above watermark.high (%d)", low, high), hint: "exchange them"}
	}
	return problem{}
}
