// Package clocktest sets clocks in tests.
package clocktest

import (
	"fmt"
	"time"
	"unsafe"
)

// Jump is a moment as time.Now would give it after somebody had set the machine's
// clock forward by d, or back: its date is another one, and by the monotonic clock
// it is the same. d is cut to seconds.
func Jump(t time.Time, d time.Duration) time.Time {
	const seconds = 30 // of the word, from where they count, behind nanoseconds
	jumped := t
	*(*uint64)(unsafe.Pointer(&jumped)) += uint64(d/time.Second) << seconds
	if jumped.Unix()-t.Unix() != int64(d/time.Second) || jumped.Sub(t) != 0 {
		panic(fmt.Sprintf("clocktest: %v has no monotonic clock, or Go keeps times in another way by now", t))
	}
	return jumped
}
