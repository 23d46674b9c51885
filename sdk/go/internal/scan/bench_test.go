package scan_test

import (
	"testing"

	"github.com/weirhq/weir/sdk/go/internal/scan"
)

func BenchmarkFind(b *testing.B) {
	for _, bc := range []struct{ name, text string }{
		{"order", `{"id":"ord-00000001","customer":"c-00007","weight":7,"items":[{"sku":"A-17","qty":2,"price":19.9},{"sku":"A-17","qty":2,"price":19.9}],"paid":true,"note":"................................."}`},
		{"long string", `{"note":"........................................................................................................................................................................................"}`},
		{"numbers", `[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60]`},
		{"short strings", `{"a":"b","c":"d","e":"f","a":"b","c":"d","e":"f","a":"b","c":"d","e":"f","a":"b","c":"d","e":"f"}`},
		{"nested", `[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]`},
	} {
		b.Run(bc.name, func(b *testing.B) {
			text := []byte(bc.text)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := scan.Find(text, "customer"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
