package weirtest_test

import (
	"fmt"

	"github.com/weirhq/weir/sdk/go/weir"
	"github.com/weirhq/weir/sdk/go/weir/weirtest"
)

func init() { weir.Process(dropEmpty) }

func dropEmpty(_ *weir.Context, ev *weir.Event) error {
	if len(ev.Value()) == 0 {
		ev.Drop()
	}
	return nil
}

// In a test of a processor's own package, what init registers is what runs.
func Example() {
	host, err := weirtest.Open("")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer host.Close()
	got := host.Run(weirtest.Event{Value: []byte("a")}, weirtest.Event{}, weirtest.Event{Value: []byte("b")})
	for _, e := range got.Events {
		fmt.Printf("%d %s\n", e.Source, e.Value)
	}
	// Output:
	// 0 a
	// 2 b
}
