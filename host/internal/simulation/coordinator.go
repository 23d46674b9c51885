package simulation

import (
	"context"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// coordinator does what the fake broker's own group coordinator fails to do.
// That one never expires a member whose connection broke while it waited in
// SyncGroup, and one that waits in JoinGroup for longer than the session it
// throws out without an answer: the one keeps its partitions for ever, the other
// waits until its client gives up a minute later. A real coordinator expires the
// one and answers the other.
type coordinator struct {
	*Cluster
	client *kgo.Client
	heard  map[string]heard // by member id, under the cluster's mu
	stop   chan struct{}
	done   chan struct{}
}

// heard is the last request of a member.
type heard struct {
	at      time.Time
	joining bool
}

func (c *Cluster) newCoordinator() (*coordinator, error) {
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	k := &coordinator{Cluster: c, client: client, heard: map[string]heard{}, stop: make(chan struct{}), done: make(chan struct{})}
	c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat}, Group: group,
		Count: -1, Observe: true, When: k.observe,
	})
	return k, nil
}

// observe runs in the brokers' goroutine.
func (k *coordinator) observe(r kmsg.Request) bool {
	var id string
	_, joining := r.(*kmsg.JoinGroupRequest)
	switch r := r.(type) {
	case *kmsg.JoinGroupRequest:
		id = r.MemberID
	case *kmsg.SyncGroupRequest:
		id = r.MemberID
	case *kmsg.HeartbeatRequest:
		id = r.MemberID
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.heard[id]; !ok {
		k.admitted[id] = time.Now()
	}
	k.heard[id] = heard{time.Now(), joining}
	return false
}

func (k *coordinator) run() {
	defer close(k.done)
	defer k.client.Close()
	for {
		select {
		case <-k.stop:
			return
		case <-time.After(500 * time.Millisecond):
		}
		if info := k.GroupInfo(group); info != nil {
			k.expire(info)
			k.answer(info)
		}
	}
}

func (k *coordinator) end() {
	close(k.stop)
	<-k.done
}

// silence is how long a member was not heard.
func (k *coordinator) silence(id string) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Since(k.heard[id].at)
}

// expire removes members that were silent for much longer than the session.
func (k *coordinator) expire(info *kfake.GroupInfo) {
	if info.State != "Stable" {
		return
	}
	for _, m := range info.Members {
		if k.silence(m.MemberID) < 2*k.world.Session {
			continue
		}
		k.history.add("coordinator: %s expires", m.MemberID)
		req := kmsg.NewPtrLeaveGroupRequest()
		req.Group, req.MemberID = group, m.MemberID
		member := kmsg.NewLeaveGroupRequestMember()
		member.MemberID = m.MemberID
		req.Members = append(req.Members, member)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if _, err := req.RequestWith(ctx, k.client); err != nil {
			k.history.add("coordinator: %v", err)
		}
		cancel()
	}
}

// answer ends the wait of members that wait to join a group that has forgotten
// them.
func (k *coordinator) answer(info *kfake.GroupInfo) {
	known := map[string]bool{}
	for _, m := range info.Members {
		known[m.ClientID] = true
	}
	for _, m := range k.running() {
		if !known[m.name] && k.waits(m.name) {
			k.history.add("coordinator: %s is told that it is forgotten", m.name)
			m.toIn.kill()
		}
	}
}

// waits tells whether the last that was heard of a client, a while ago, is that
// it wants to join.
func (k *coordinator) waits(client string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	var last heard
	for id, h := range k.heard {
		if strings.HasPrefix(id, client+"-") && h.at.After(last.at) {
			last = h
		}
	}
	return last.joining && time.Since(last.at) > time.Second
}
