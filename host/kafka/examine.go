package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"go.uber.org/zap"
)

// Verdict is how a thing was found.
type Verdict int

// The verdicts.
const (
	Good Verdict = iota
	// Doubtful works now, and may not tomorrow.
	Doubtful
	Bad
)

func (v Verdict) String() string { return [...]string{"ok", "warn", "fault"}[v] }

// MarshalText writes a verdict as JSON has it.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Finding is what an examination says of one thing.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	// What was looked at, such as "topic orders".
	What string `json:"what"`
	// Is is how it was found.
	Is string `json:"is"`
	// Remedy says what helps, where something is wrong.
	Remedy string `json:"remedy,omitempty"`
}

// Uses is what is to be read and written through a connection.
type Uses struct {
	Read, Write, Groups []string
}

// expiresSoon is how long before its end a certificate is doubtful.
const expiresSoon = 14 * 24 * time.Hour

// Examine goes the way of a connection step by step, from the names of its
// brokers to the rights on what is used, and says how each step went. It changes
// nothing. What needs a step that failed is left out.
func Examine(ctx context.Context, o *Options, uses Uses, log *zap.Logger) []Finding {
	e := &examination{options: o, log: log}
	e.addresses(ctx)
	if client := e.login(ctx); client != nil {
		defer client.Close()
		if e.brokers(ctx, client) {
			e.topics(ctx, client, uses)
			e.groups(ctx, client, uses.Groups)
		}
	}
	return e.findings
}

type examination struct {
	options  *Options
	log      *zap.Logger
	findings []Finding
}

func (e *examination) good(what, format string, args ...any) {
	e.findings = append(e.findings, Finding{Good, what, fmt.Sprintf(format, args...), ""})
}

func (e *examination) doubt(what, is, remedy string) {
	e.findings = append(e.findings, Finding{Doubtful, what, is, remedy})
}

func (e *examination) bad(what, is, remedy string) {
	e.findings = append(e.findings, Finding{Bad, what, is, remedy})
}

// addresses connects to each bootstrap server, as the client would.
func (e *examination) addresses(ctx context.Context) {
	for _, address := range e.options.List("bootstrap.servers") {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		names, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			e.bad("address "+address, err.Error(), reachRemedy(err))
			continue
		}
		e.dial(ctx, "address "+address, address, strings.Join(names, ", "))
	}
}

// dial makes a connection and shakes hands if that is asked for.
func (e *examination) dial(ctx context.Context, what, address, is string) bool {
	conn, err := e.open(ctx, address)
	if err != nil {
		e.bad(what, err.Error(), reachRemedy(err))
		return false
	}
	defer conn.Close()
	secure, ok := conn.(*tls.Conn)
	if !ok {
		e.good(what, "%s", is)
		return true
	}
	state := secure.ConnectionState()
	end := state.PeerCertificates[0].NotAfter
	is = fmt.Sprintf("%s, %s, certificate until %s", is, tls.VersionName(state.Version), end.UTC().Format(time.DateOnly))
	if time.Until(end) < expiresSoon {
		e.doubt(what, is, "have the brokers' certificate renewed before it ends")
	} else {
		e.good(what, "%s", is)
	}
	return true
}

func (e *examination) open(ctx context.Context, address string) (net.Conn, error) {
	within := e.options.Duration("socket.connection.setup.timeout.ms")
	plain := (&net.Dialer{Timeout: within}).DialContext
	if d := e.options.ownDialer(); d != nil {
		plain = d.dial
	}
	if !e.options.secure() {
		return plain(ctx, "tcp", address)
	}
	s, err := newSecureDial(e.options, plain)
	if err != nil {
		return nil, err
	}
	return s.Dial(ctx, "tcp", address)
}

// login gets a first answer, which takes the login if there is one.
func (e *examination) login(ctx context.Context) *kgo.Client {
	what := "protocol"
	if e.options.logsIn() {
		what = "login"
	}
	opts, err := e.options.ClientOpts()
	if err != nil {
		e.bad(what, err.Error(), "")
		return nil
	}
	client, err := kgo.NewClient(append(opts, clientLog(e.log, e.options))...)
	if err != nil {
		e.bad(what, err.Error(), "")
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := firstAnswer(ctx, client); err != nil {
		client.Close()
		e.bad(what, err.Error(), reachRemedy(err))
		return nil
	}
	e.good(what, "%s, as %s", e.options.String("security.protocol"), e.options.principal())
	return client
}

// brokers looks at the cluster, and whether each broker can be reached where it
// says that it is: clients go there, and not to the bootstrap servers.
func (e *examination) brokers(ctx context.Context, client *kgo.Client) bool {
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = []kmsg.MetadataRequestTopic{}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		e.bad("brokers", err.Error(), reachRemedy(err))
		return false
	}
	cluster := "a cluster without an id"
	if resp.ClusterID != nil {
		cluster = "cluster " + *resp.ClusterID
	}
	e.good("brokers", "%d of %s%s", len(resp.Brokers), cluster, e.version(ctx, client))
	all := true
	slices.SortFunc(resp.Brokers, func(a, b kmsg.MetadataResponseBroker) int { return cmp.Compare(a.NodeID, b.NodeID) })
	for _, b := range resp.Brokers {
		address := net.JoinHostPort(b.Host, fmt.Sprint(b.Port))
		what := fmt.Sprintf("broker %d", b.NodeID)
		conn, err := e.open(ctx, address)
		if err != nil {
			e.bad(what, fmt.Sprintf("%s: %v", address, err), cmp.Or(setupRemedy(err),
				"the brokers tell clients to connect there: make the address reachable from here, or correct advertised.listeners"))
			all = false
			continue
		}
		_ = conn.Close() // it was only to be made
		e.good(what, "%s", address)
	}
	return all
}

// version is what the answers of a broker look like, "" when it cannot be told.
func (e *examination) version(ctx context.Context, client *kgo.Client) string {
	resp, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, client)
	if err != nil {
		return ""
	}
	v := kversion.FromApiVersionsResponse(resp)
	return ", " + v.VersionGuess()
}

// groups looks at the rights on groups, and who is in them.
func (e *examination) groups(ctx context.Context, client *kgo.Client, groups []string) {
	for _, group := range groups {
		what := "group " + group
		req := kmsg.NewPtrDescribeGroupsRequest()
		req.Groups, req.IncludeAuthorizedOperations = []string{group}, true
		resp, err := req.RequestWith(ctx, client)
		if err == nil && len(resp.Groups) != 1 {
			err = errors.New("the brokers say nothing of it")
		}
		var g kmsg.DescribeGroupsResponseGroup
		if err == nil {
			g = resp.Groups[0]
			err = kerr.ErrorForCode(g.ErrorCode)
		}
		switch {
		case errors.Is(err, kerr.GroupIDNotFound): // nobody has used it, or by the newer protocol, which this question is not of
			e.good(what, "can be used")
		case errors.Is(err, kerr.GroupAuthorizationFailed), err == nil && !allows(g.AuthorizedOperations, mayRead):
			e.bad(what, "may not be used", e.grant("READ", what))
		case errors.Is(err, kerr.CoordinatorNotAvailable):
			e.doubt(what, err.Error(), "in a new cluster the brokers make their topic for groups now: ask again in a moment")
		case err != nil:
			e.bad(what, err.Error(), reachRemedy(err))
		default:
			e.good(what, "%s, %s", strings.ToLower(cmp.Or(g.State, "unknown")), counted(len(g.Members), "member"))
		}
	}
}
