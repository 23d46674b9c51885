package weir

import (
	"errors"
	"strconv"
	"unsafe"

	"github.com/weirhq/weir/sdk/go/internal/scan"
)

// Field returns the member of the JSON payload at a dotted path, such as
// item.weight, without decoding the rest. The whole payload is checked; one that
// is malformed and a missing member are errors. The result aliases the batch.
func (ev *Event) Field(path string) (JSON, error) {
	value := ev.Value()
	if value == nil {
		return nil, errors.New(`field "` + path + `": the value is null`)
	}
	field, err := scan.Find(value, path)
	switch {
	case err != nil:
		return nil, errors.New(`field "` + path + `": ` + err.Error())
	case field == nil:
		return nil, errors.New(`field "` + path + `" is missing`)
	}
	return field, nil
}

// Number returns the number at a dotted path of the JSON payload.
func (ev *Event) Number(path string) (float64, error) {
	field, err := ev.Field(path)
	if err != nil {
		return 0, err
	}
	if kind := scan.Kind(field); kind != "a number" {
		return 0, errors.New(`field "` + path + `" is ` + kind + ", not a number")
	}
	n, err := strconv.ParseFloat(unsafe.String(&field[0], len(field)), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range it is an infinity
		return 0, errors.New(`field "` + path + `": ` + err.Error())
	}
	return n, nil
}

// Text returns the text at a dotted path of the JSON payload.
func (ev *Event) Text(path string) (string, error) {
	field, err := ev.Field(path)
	if err != nil {
		return "", err
	}
	if kind := scan.Kind(field); kind != "a string" {
		return "", errors.New(`field "` + path + `" is ` + kind + ", not a string")
	}
	return scan.Text(field), nil
}
