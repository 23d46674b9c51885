package simulation

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// nemesis hurts a cluster and its members for a while.
type nemesis struct {
	*Cluster
	random *rand.Rand
	undone sync.WaitGroup
	faults []*kfake.FaultHandle
}

// action is one thing that the nemesis can do. A hostile one may cost a
// member its partitions before it is done with them.
type action struct {
	hostile bool
	do      func(*nemesis)
}

var actions = []action{
	{false, (*nemesis).join},
	{false, (*nemesis).leave},
	{false, (*nemesis).moveLeaders},
	{false, (*nemesis).moveCoordinators},
	{false, (*nemesis).refuseProduce},
	{false, (*nemesis).refuseFetch},
	{false, (*nemesis).slowSink},
	{false, (*nemesis).loseSinkAnswers},
	{false, (*nemesis).killSinkConnections},
	{false, (*nemesis).damageRecords},
	{true, (*nemesis).kill},
	{true, (*nemesis).kill},
	{true, (*nemesis).lateAcks},
	{true, (*nemesis).lateAcks},
	{true, (*nemesis).stallSink},
	{true, (*nemesis).isolateSource},
	{true, (*nemesis).loseSourceAnswers},
	{true, (*nemesis).refuseCommit},
	{true, (*nemesis).loseCommit},
	{true, (*nemesis).forgetMember},
	{true, (*nemesis).restartBroker},
	{true, (*nemesis).freeze},
	{true, (*nemesis).exhaustFiles},
	{true, (*nemesis).slowSource},
}

// transactionActions come on top where delivery is exactly once.
var transactionActions = []action{
	{false, (*nemesis).refuseTransaction},
	{false, (*nemesis).refuseTransaction},
	{true, (*nemesis).loseTransaction},
	{true, (*nemesis).loseTransaction},
	{true, (*nemesis).kill},
	{true, (*nemesis).forgetAtJoin},
	{true, (*nemesis).severSink},
}

// besiege acts until the siege is over, then undoes what it did.
func (n *nemesis) besiege() {
	n.hostile.Store(!n.world.Graceful)
	actions := actions
	if n.world.ExactlyOnce {
		actions = slices.Concat(actions, transactionActions)
	}
	end := time.Now().Add(n.world.Siege)
	for time.Now().Before(end) {
		time.Sleep(n.upTo(2 * time.Second))
		a := actions[n.random.IntN(len(actions))]
		if a.hostile && n.world.Graceful {
			continue
		}
		a.do(n)
	}
	n.undone.Wait()
	for _, f := range n.faults {
		f.Remove()
	}
	n.hostile.Store(false)
	n.history.add("nemesis: everything is mended")
}

func (n *nemesis) upTo(d time.Duration) time.Duration {
	return time.Duration(n.random.Int64N(int64(d)) + 1)
}

// later undoes something after a while.
func (n *nemesis) later(d time.Duration, undo func()) {
	n.undone.Go(func() {
		time.Sleep(d)
		undo()
	})
}

// one picks a member that runs, or nil.
func (n *nemesis) one() *Member {
	alive := n.alive()
	if len(alive) == 0 {
		return nil
	}
	return alive[n.random.IntN(len(alive))]
}

const maxMembers = 4

func (n *nemesis) join() {
	if n.world.Chosen && len(n.running()) > 0 {
		return // two would read the same
	}
	if len(n.alive()) < maxMembers {
		n.start()
	}
}

func (n *nemesis) leave() {
	if m := n.one(); m != nil {
		m.leave()
	}
}

func (n *nemesis) kill() {
	if m := n.one(); m != nil {
		m.kill()
	}
}

func (n *nemesis) moveLeaders() {
	n.history.add("nemesis: all leaders move")
	n.ShufflePartitionLeaders()
}

func (n *nemesis) moveCoordinators() {
	n.history.add("nemesis: coordinators move")
	n.RehashCoordinators()
}

// fault refuses requests until the siege ends or count is used up.
func (n *nemesis) fault(f kfake.Fault) {
	n.history.add("nemesis: %d times %s on %v %s", f.Count, f.Err.Message, f.Keys, f.Topic)
	n.faults = append(n.faults, n.Fault(f))
}

func (n *nemesis) refuseProduce() {
	errs := []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend,
		kerr.RequestTimedOut, kerr.LeaderNotAvailable, kerr.KafkaStorageError,
	}
	n.fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: outputTopics[n.random.IntN(len(outputTopics))],
		Err: errs[n.random.IntN(len(errs))], Count: 1 + n.random.IntN(10),
	})
}

func (n *nemesis) refuseFetch() {
	errs := []*kerr.Error{kerr.NotLeaderForPartition, kerr.KafkaStorageError, kerr.UnknownLeaderEpoch, kerr.ReplicaNotAvailable}
	n.fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: inputTopic,
		Err: errs[n.random.IntN(len(errs))], Count: 1 + n.random.IntN(5),
	})
}

func (n *nemesis) refuseCommit() {
	errs := []*kerr.Error{
		kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator,
		kerr.RequestTimedOut, kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration,
	}
	if n.world.Chosen {
		errs = errs[:5] // the others are for members; that there are any ends the source
	}
	n.fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.OffsetCommit}, Group: group,
		Err: errs[n.random.IntN(len(errs))], Count: 1 + n.random.IntN(5),
	})
}

// loseCommit drops the connection of the next commit before it is done.
func (n *nemesis) loseCommit() {
	n.history.add("nemesis: the next commit is lost")
	n.ControlKey(int16(kmsg.OffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
		return nil, fmt.Errorf("lost by the nemesis"), true
	})
}

// forgetMember makes the coordinator deny that it knows who sends a heartbeat.
func (n *nemesis) forgetMember() {
	n.fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Group: group, Err: kerr.UnknownMemberID, Count: 1})
}

// transactionKeys are the requests that make a transaction.
var transactionKeys = []kmsg.Key{kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit, kmsg.EndTxn}

// ofMember tells a member's request of a transaction from one of the load.
func ofMember(r kmsg.Request) bool {
	var id string
	switch r := r.(type) {
	case *kmsg.InitProducerIDRequest:
		if r.TransactionalID == nil {
			return false
		}
		id = *r.TransactionalID
	case *kmsg.AddPartitionsToTxnRequest:
		id = r.TransactionalID
	case *kmsg.AddOffsetsToTxnRequest:
		id = r.TransactionalID
	case *kmsg.TxnOffsetCommitRequest:
		id = r.TransactionalID
	case *kmsg.EndTxnRequest:
		id = r.TransactionalID
	}
	return id != loadID
}

func (n *nemesis) refuseTransaction() {
	errs := []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.ConcurrentTransactions}
	n.fault(kfake.Fault{
		Keys: []kmsg.Key{transactionKeys[n.random.IntN(len(transactionKeys))]}, When: ofMember,
		Err: errs[n.random.IntN(len(errs))], Count: 1 + n.random.IntN(5),
	})
}

// loseTransaction drops the connection of the next request of a transaction
// before it is done, or refuses it in a way that ends the producer.
func (n *nemesis) loseTransaction() {
	key := transactionKeys[n.random.IntN(len(transactionKeys))]
	if n.random.IntN(2) == 0 {
		n.history.add("nemesis: the next %v is lost", key.Name())
		done := false
		n.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
			n.KeepControl()
			if done || !ofMember(r) {
				return nil, nil, false
			}
			done = true
			return nil, fmt.Errorf("lost by the nemesis"), true
		})
		return
	}
	errs := []*kerr.Error{kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration, kerr.UnknownServerError, kerr.InvalidTxnState}
	n.fault(kfake.Fault{
		Keys: []kmsg.Key{[]kmsg.Key{kmsg.TxnOffsetCommit, kmsg.EndTxn}[n.random.IntN(2)]}, When: ofMember,
		Err: errs[n.random.IntN(len(errs))], Count: 1 + n.random.IntN(3),
	})
}

// forgetAtJoin makes the coordinator deny that it knows who joins again, which a
// client takes without a word to the source.
func (n *nemesis) forgetAtJoin() {
	n.fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Group: group, Err: kerr.UnknownMemberID, Count: 1, When: func(r kmsg.Request) bool {
		return r.(*kmsg.JoinGroupRequest).MemberID != ""
	}})
	n.join()
}

// severSink cuts a member off from its outputs, for longer than its
// transaction may be open, sometimes.
func (n *nemesis) severSink() {
	d := n.upTo(2 * min(n.world.Timeout, 10*time.Second))
	n.onLink(fmt.Sprintf("cut off for %v", d), toOut, func(l *link) {
		l.sever()
		n.later(d, l.mend)
	})
}

// onLink does something to the source's or the sink's way of a member.
func (n *nemesis) onLink(what string, pick func(*Member) *link, do func(*link)) {
	if m := n.one(); m != nil {
		l := pick(m)
		n.history.add("nemesis: %s: %s", l.name, what)
		do(l)
	}
}

func toIn(m *Member) *link  { return m.toIn }
func toOut(m *Member) *link { return m.toOut }

func (n *nemesis) slowSink() {
	most := n.upTo(time.Second)
	n.onLink(fmt.Sprintf("answers take up to %v", most), toOut, func(l *link) {
		l.delay(0, most)
		n.later(n.upTo(5*time.Second), l.calm)
	})
}

// lateAcks lets the sink's answers take about as long as a revoke waits for
// them, and makes somebody revoke.
func (n *nemesis) lateAcks() {
	wait := n.world.Rebalance / 2
	n.onLink(fmt.Sprintf("answers take about %v", wait), toOut, func(l *link) {
		l.delay(wait/4, wait*3/4) // an answer is read in two pieces
		n.later(n.upTo(3*n.world.Rebalance), l.calm)
		n.later(n.upTo(2*time.Second), n.join)
	})
}

func (n *nemesis) stallSink() {
	d := n.upTo(20 * time.Second)
	n.onLink(fmt.Sprintf("no answers for %v", d), toOut, func(l *link) {
		l.stall()
		n.later(d, l.release)
	})
}

func (n *nemesis) loseSinkAnswers() {
	count := 1 + n.random.IntN(4)
	n.onLink(fmt.Sprintf("%d answers are lost", count), toOut, func(l *link) { l.loseAnswers(count) })
}

func (n *nemesis) loseSourceAnswers() {
	count := 1 + n.random.IntN(4)
	n.onLink(fmt.Sprintf("%d answers are lost", count), toIn, func(l *link) { l.loseAnswers(count) })
}

func (n *nemesis) killSinkConnections() {
	n.onLink("connections are killed", toOut, (*link).kill)
}

// flip changes a byte of the first record that there is.
func flip(b []byte) bool {
	at := bytes.Index(b, []byte(runName))
	if at >= 0 {
		b[at] ^= 1
	}
	return at >= 0
}

// damageRecords changes records on their way to a source, fewer times than it
// fetches a batch again.
func (n *nemesis) damageRecords() {
	count := 1 + n.random.IntN(2)
	n.onLink(fmt.Sprintf("%d answers are damaged", count), toIn, func(l *link) { l.corrupt(count, flip) })
}

// either picks one of the two ways of a member.
func (n *nemesis) either() func(*Member) *link {
	if n.random.IntN(2) == 0 {
		return toIn
	}
	return toOut
}

// freeze makes connections half-open until the other end is seen to be gone.
func (n *nemesis) freeze() {
	d := n.upTo(20 * time.Second)
	n.onLink(fmt.Sprintf("connections are half-open for %v", d), n.either(), func(l *link) {
		l.freeze()
		n.later(d, l.kill)
	})
}

// exhaustFiles lets a process make no connection in place of those that end.
func (n *nemesis) exhaustFiles() {
	d := n.upTo(15 * time.Second)
	n.onLink(fmt.Sprintf("no file descriptors for %v", d), n.either(), func(l *link) {
		l.forbid(os.NewSyscallError("socket", syscall.EMFILE))
		if n.random.IntN(2) == 0 {
			l.kill()
		}
		n.later(d, func() { l.forbid(nil) })
	})
}

func (n *nemesis) slowSource() {
	most := n.upTo(2 * time.Second)
	n.onLink(fmt.Sprintf("answers take up to %v", most), toIn, func(l *link) {
		l.delay(0, most)
		n.later(n.upTo(5*time.Second), l.calm)
	})
}

// isolateSource cuts a member off from its group, but not from its outputs:
// for longer than the session, sometimes.
func (n *nemesis) isolateSource() {
	d := n.upTo(2 * n.world.Session)
	n.onLink(fmt.Sprintf("cut off for %v", d), toIn, func(l *link) {
		l.sever()
		n.later(d, l.mend)
	})
}

// restartBroker takes a broker away for a while: as a node that leaves, when
// others are there to lead, or as one that refuses.
func (n *nemesis) restartBroker() {
	node := n.random.IntN(n.world.Brokers)
	d := n.upTo(8 * time.Second)
	n.history.add("nemesis: broker %d is down for %v", node, d)
	removed := n.random.IntN(2) == 0 && n.RemoveNode(int32(node)) == nil
	n.network.outage(n.address(node), true)
	n.later(d, func() {
		if removed {
			if _, _, err := n.AddNode(int32(node), 9092+node); err != nil {
				n.history.add("nemesis: broker %d does not come back: %v", node, err)
			}
		}
		n.network.outage(n.address(node), false)
		n.history.add("nemesis: broker %d is back", node)
	})
}
