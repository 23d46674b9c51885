// Command weir runs event pipelines on Kafka whose business logic is
// WebAssembly. See "weir help".
package main

import (
	"os"

	"github.com/weirhq/weir/host/cli"
)

func main() {
	os.Exit(cli.Main())
}
