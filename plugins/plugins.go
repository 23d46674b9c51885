// Package plugins holds weir's ready-made processors, each a WebAssembly
// module built from the sources in the folder of its name. A pipeline uses one as
// "module: builtin:NAME".
package plugins

import "embed"

//go:embed */*.wasm */README.md
var files embed.FS

// Lookup returns the module of a ready-made processor.
func Lookup(name string) (wasm []byte, ok bool) { return read(name, name+".wasm") }

// Readme returns the page of a ready-made processor, Markdown.
func Readme(name string) (text []byte, ok bool) { return read(name, "README.md") }

func read(name, file string) ([]byte, bool) {
	data, err := files.ReadFile(name + "/" + file)
	return data, err == nil
}

// Names lists the ready-made processors in alphabetical order.
func Names() []string {
	folders, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the root of what is embedded
	}
	var names []string
	for _, folder := range folders {
		if _, ok := Lookup(folder.Name()); ok {
			names = append(names, folder.Name())
		}
	}
	return names
}
