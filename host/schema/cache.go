package schema

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// cache keeps what slow loads gave, by key, the ones used last. Of several that
// want one key at once, one loads and the others wait.
type cache[K comparable, V any] struct {
	size  int
	mu    sync.Mutex
	byKey map[K]*list.Element
	order list.List // of *entry[K, V]; the front was used last
}

type entry[K comparable, V any] struct {
	key   K
	done  chan struct{} // closed when what follows is set
	value V
	err   error
	until time.Time // when to load anew; zero: never
	cut   bool      // whoever loaded was called off
}

func newCache[K comparable, V any](size int) *cache[K, V] {
	return &cache[K, V]{size: size, byKey: make(map[K]*list.Element)}
}

// Lifetimes of what a load gave.
const (
	forever time.Duration = 0
	notKept time.Duration = -1
)

// get returns what load gave for the key, or loads. load says how long its
// result, be it an error, is kept. When the loader's own context ends, one of
// those who wait loads instead.
func (c *cache[K, V]) get(ctx context.Context, key K, load func(ctx context.Context, old V) (V, time.Duration, error)) (V, error) {
	for {
		e, old, mine := c.claim(key)
		if mine {
			value, keep, err := load(ctx, old)
			c.settle(e, value, keep, err, ctx.Err() != nil && err != nil)
			return value, err
		}
		select {
		case <-e.done:
			if !e.cut {
				return e.value, e.err
			}
		case <-ctx.Done():
			var none V
			return none, ctx.Err()
		}
	}
}

// claim finds the entry of a key, or makes one that is the caller's to fill.
// old is the value that is out of date.
func (c *cache[K, V]) claim(key K) (e *entry[K, V], old V, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.byKey[key]; ok {
		e = at.Value.(*entry[K, V])
		if !e.stale(time.Now()) {
			c.order.MoveToFront(at)
			return e, old, false
		}
		old = e.value
		c.remove(at)
	}
	e = &entry[K, V]{key: key, done: make(chan struct{})}
	c.byKey[key] = c.order.PushFront(e)
	for c.order.Len() > c.size {
		c.remove(c.order.Back())
	}
	return e, old, true
}

// stale may be asked under the cache's lock only.
func (e *entry[K, V]) stale(now time.Time) bool {
	select {
	case <-e.done:
		return !e.until.IsZero() && !now.Before(e.until)
	default:
		return false
	}
}

func (c *cache[K, V]) settle(e *entry[K, V], value V, keep time.Duration, err error, cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.value, e.err, e.cut = value, err, cut
	if keep > 0 {
		e.until = time.Now().Add(keep)
	}
	if at, ok := c.byKey[e.key]; ok && at.Value == e && (cut || keep == notKept) {
		c.remove(at)
	}
	close(e.done)
}

func (c *cache[K, V]) remove(at *list.Element) {
	delete(c.byKey, at.Value.(*entry[K, V]).key)
	c.order.Remove(at)
}
