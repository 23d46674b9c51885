package wasm

import (
	"slices"
	"strings"

	"github.com/weirhq/weir/host/abi"
	"github.com/weirhq/weir/host/wasm/section"
)

// Capability is something that a module may be granted: functions of the host
// that go beyond passing events on, rejecting them and giving a reason. To import
// one of them is to ask for it.
type Capability struct {
	Name string
	// Meaning says what it lets a module do.
	Meaning string
	// Functions are what it stands for, as module.name.
	Functions []string
}

// Capabilities are all that there are. Their order is that of the bits of Withheld.
var Capabilities = []Capability{
	{"clock", "know the time of the batch", []string{
		of(abi.Module, abi.ImportNow), of(abi.WASI, "clock_time_get"), of(abi.WASI, "clock_res_get"), of(abi.WASI, "poll_oneoff"),
	}},
	{"log", "write lines to the log", []string{of(abi.Module, abi.ImportLog), of(abi.WASI, "fd_write")}},
	{"metrics", "count and measure", []string{of(abi.Module, abi.ImportMetric)}},
	{"random", "have random numbers, which the batch determines", []string{of(abi.WASI, "random_get")}},
}

func of(module, name string) string { return module + "." + name }

// CapabilityNames lists the names of Capabilities.
func CapabilityNames() []string {
	names := make([]string, len(Capabilities))
	for i, c := range Capabilities {
		names[i] = c.Name
	}
	return names
}

// Withheld is a set of capabilities that a module is not granted; of the zero
// value are none.
type Withheld uint32

// AllBut withholds all capabilities but those of the names, of which it ignores
// those that it does not know.
func AllBut(granted []string) Withheld {
	var w Withheld
	for i, c := range Capabilities {
		if !slices.Contains(granted, c.Name) {
			w |= 1 << i
		}
	}
	return w
}

// granted lists the names of what is not withheld.
func (w Withheld) granted() []string {
	var names []string
	for i, c := range Capabilities {
		if w&(1<<i) == 0 {
			names = append(names, c.Name)
		}
	}
	return names
}

// Asks returns the capabilities that a module's imports ask for, each with those of
// its functions that are imported.
func Asks(imports []section.Imported) []Capability {
	var asked []Capability
	for _, c := range Capabilities {
		c.Functions = slices.DeleteFunc(slices.Clone(c.Functions), func(f string) bool {
			return !slices.ContainsFunc(imports, func(im section.Imported) bool {
				return im.Kind == section.FuncKind && of(im.Module, im.Name) == f
			})
		})
		if len(c.Functions) > 0 {
			asked = append(asked, c)
		}
	}
	return asked
}

// capabilities holds what the imports ask for against what is granted.
func (c *checker) capabilities() {
	granted := c.bounds.Withheld.granted()
	for _, asked := range Asks(c.Imports) {
		if !slices.Contains(granted, asked.Name) {
			c.fault("asks for the capability %s, to %s, by importing %s; add %s to grant, which is [%s], or build without it",
				asked.Name, asked.Meaning, strings.Join(asked.Functions, ", "), asked.Name, strings.Join(granted, ", "))
		}
	}
}
