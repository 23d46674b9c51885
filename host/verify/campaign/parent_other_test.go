//go:build !linux

package campaign

const parentVariable = "WEIR_VERIFY_PARENT"

func runParent() error { return nil }
