package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"go.uber.org/zap"
)

// The versions of brokers' transactions. From the second on each transaction has
// an epoch of its own, so that a request that was under way for long cannot end
// the transaction after the one that it was meant for (KIP-890).
const (
	transactionsV1 = 1
	transactionsV2 = 2
)

// id is the transactional id.
func (t *Transactions) id() string { return t.cfg.Options.String("transactional.id") }

// timeout is after how long the brokers abort a transaction.
func (t *Transactions) timeout() time.Duration {
	return t.cfg.Options.Duration("transaction.timeout.ms")
}

// incarnate makes a new incarnation of the producer, whatever it takes: brokers
// that are away are waited for. The brokers abort what an earlier one left open,
// or finish its commit, before they answer.
func (t *Transactions) incarnate(ctx context.Context, stop context.CancelCauseFunc) (*incarnation, error) {
	n := &incarnation{Transactions: t, stop: stop, turn: make(chan struct{}, 1), done: marks{}}
	for {
		if err := t.open(); err != nil {
			return nil, err
		}
		version, err := t.askVersion(ctx)
		if err == nil && (version == transactionsV1) != (t.version == transactionsV1) {
			t.Sink.Close() // for a client that speaks it
			t.version = version
			t.tellVersion()
			continue
		}
		if err == nil {
			t.version = version
			err = t.claim(ctx)
		}
		if err != nil {
			t.Sink.Close()
			return nil, err
		}
		n.ctx, n.end = context.WithCancelCause(context.WithoutCancel(ctx))
		t.fruitless.Add(1)
		return n, nil
	}
}

// open makes a client that speaks the brokers' version of transactions, where it
// is known.
func (t *Transactions) open() error {
	versions := kversion.Stable() // Tip lags behind it
	if !t.cfg.Options.Bool("api.version.request") {
		versions = kversion.FromString(t.cfg.Options.String("broker.version.fallback"))
	}
	// Beyond these, requests name topics by ids, which only consumers know.
	bound(versions, kmsg.OffsetCommit, 9)
	bound(versions, kmsg.TxnOffsetCommit, 5)
	if t.version == transactionsV1 {
		bound(versions, kmsg.TxnOffsetCommit, 4)
	}
	return t.Sink.open(kgo.MaxVersions(versions), kgo.WithHooks(&t.lost))
}

func bound(versions *kversion.Versions, key kmsg.Key, most int16) {
	if v, ok := versions.LookupMaxKeyVersion(int16(key)); ok && v > most {
		versions.SetMaxKeyVersion(int16(key), most)
	}
}

// claimPause is the time between two tries to reach a broker.
const claimPause = 250 * time.Millisecond

// untilAnswered repeats a request until a broker answers it for good.
func untilAnswered(ctx context.Context, request func() error) error {
	for {
		err := request()
		var answer *kerr.Error
		if err == nil || errors.As(err, &answer) && !answer.Retriable && !errors.Is(err, kerr.ConcurrentTransactions) || errors.Is(err, errTooOld) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(claimPause):
		}
	}
}

// claim gets the producer's id and epoch, which fences whoever had the
// transactional id before.
func (t *Transactions) claim(ctx context.Context) error {
	return untilAnswered(ctx, func() error {
		id, epoch, err := t.client.Load().ProducerID(ctx)
		if err != nil {
			return t.describe(err)
		}
		t.cfg.Log.Info("transactions begin", zap.String("transactional_id", t.id()), zap.Int64("producer_id", id), zap.Int16("producer_epoch", epoch))
		return nil
	})
}

var errTooOld = errors.New("the brokers are older than Kafka 2.5 and cannot tell a member that was thrown out of its group from one that was not (upgrade them, or set delivery to at_least_once)")

// askVersion asks a broker what transactions the brokers run.
func (t *Transactions) askVersion(ctx context.Context) (version int, err error) {
	err = untilAnswered(ctx, func() error {
		req := kmsg.NewPtrApiVersionsRequest()
		req.ClientSoftwareName, req.ClientSoftwareVersion = "weir", softwareVersion()
		resp, err := req.RequestWith(ctx, t.client.Load())
		if err == nil {
			err = kerr.ErrorForCode(resp.ErrorCode)
		}
		if err != nil {
			return fmt.Errorf("versions of the brokers: %w", err)
		}
		most := map[int16]int16{}
		for _, key := range resp.ApiKeys {
			most[key.ApiKey] = key.MaxVersion
		}
		for key, least := range transactionKeys {
			if most[int16(key)] < least {
				return errTooOld
			}
		}
		version = transactionsV1
		for _, feature := range resp.FinalizedFeatures {
			if feature.Name == "transaction.version" && feature.MaxVersionLevel >= transactionsV2 && most[int16(kmsg.TxnOffsetCommit)] >= 5 {
				version = transactionsV2
			}
		}
		return nil
	})
	return version, err
}

func (t *Transactions) tellVersion() {
	if t.version == transactionsV1 {
		t.cfg.Log.Warn("the brokers run transactions of version 1, in which a request that is delayed in the network can end the wrong transaction; "+
			"the producer is made anew whenever an answer is missing",
			zap.String("remedy", "run Kafka 4.0 or later and set its feature transaction.version to 2"))
	}
}
