//go:build !synctests

package simulation

const bubbles = false
