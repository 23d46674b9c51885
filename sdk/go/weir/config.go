package weir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// opening is what the host opens a processor with.
type opening struct {
	Pipeline  string          `json:"pipeline"`
	Processor string          `json:"processor"`
	Config    json.RawMessage `json:"config"`
}

func readOpening() (o opening, err error) {
	if len(guest.opening) == 0 {
		return o, errors.New("the config is known from weir.Open on, not before")
	}
	if err := json.Unmarshal(guest.opening, &o); err != nil {
		return o, fmt.Errorf("what the host opened the processor with: %w", err)
	}
	return o, nil
}

// Config decodes the config that the user wrote into v, usually a struct that
// holds the defaults: what the config does not name stays. Unknown keys are an
// error. Call it from the function that Open registers.
func Config(v any) error {
	o, err := readOpening()
	if err != nil {
		return err
	}
	if len(o.Config) == 0 || string(o.Config) == "null" {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(o.Config))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	return nil
}

// Names returns the names of the pipeline and of the processor in it. Call it
// from the function that Open registers.
func Names() (pipeline, processor string, err error) {
	o, err := readOpening()
	return o.Pipeline, o.Processor, err
}
