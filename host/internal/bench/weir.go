package main

import (
	"context"
	"errors"
)

const (
	passthrough   = "passthrough"
	topicSelector = "builtin:topic-selector"
	heavySuffix   = "-heavy"
	lightSuffix   = "-light"
)

func runWeir(ctx context.Context, j job) (result, error) { return result{}, errors.New("pending") }
