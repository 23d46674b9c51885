//go:build synctests

package simulation

// bubbles says that the Kafka client was built with locks that a bubble of fake
// time understands. Without them a client that waits for one of its own locks
// stops the clock.
const bubbles = true
