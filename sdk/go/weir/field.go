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

// fieldOf returns the member at a path if it is of a kind, "a number" or the
// like, else an error.
func (ev *Event) fieldOf(path, kind string) (JSON, error) {
	field, err := ev.Field(path)
	if err != nil {
		return nil, err
	}
	if is := scan.Kind(field); is != kind {
		return nil, errors.New(`field "` + path + `" is ` + is + ", not " + kind)
	}
	return field, nil
}

// Number returns the number at a dotted path of the JSON payload.
func (ev *Event) Number(path string) (float64, error) {
	field, err := ev.fieldOf(path, "a number")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseFloat(unsafe.String(&field[0], len(field)), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // out of range it is an infinity
		return 0, errors.New(`field "` + path + `": ` + err.Error())
	}
	return n, nil
}

// Int returns the whole number at a dotted path of the JSON payload. One with a
// fraction or an exponent, or beyond 64 bits, is an error.
func (ev *Event) Int(path string) (int64, error) {
	field, err := ev.fieldOf(path, "a number")
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(unsafe.String(&field[0], len(field)), 10, 64)
	if err != nil {
		return 0, errors.New(`field "` + path + `" is ` + string(field) + ", not a whole number of 64 bits")
	}
	return n, nil
}

// Bool returns the truth value at a dotted path of the JSON payload.
func (ev *Event) Bool(path string) (bool, error) {
	field, err := ev.fieldOf(path, "a boolean")
	return err == nil && field[0] == 't', err
}

// Text returns a copy of the text at a dotted path of the JSON payload.
func (ev *Event) Text(path string) (string, error) {
	field, err := ev.fieldOf(path, "a string")
	if err != nil {
		return "", err
	}
	return scan.Text(field), nil
}

// TextBytes returns the text at a dotted path of the JSON payload without
// allocating: it aliases the batch, as Value does.
func (ev *Event) TextBytes(path string) ([]byte, error) {
	field, err := ev.fieldOf(path, "a string")
	if err != nil {
		return nil, err
	}
	if text, plain := scan.Plain(field); plain {
		return text, nil
	}
	return scan.AppendText(guest.arena.room(len(field))[:0], field), nil
}
