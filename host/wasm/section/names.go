package section

import "fmt"

// Producer is an entry of the section "producers": a tool that had a part in
// the module. Field is language, processed-by or sdk.
type Producer struct {
	Field, Name, Version string
}

// Producers reads the section "producers"; without one it returns nil.
func (m *Module) Producers() ([]Producer, error) {
	var all []Producer
	for _, body := range m.Customs("producers") {
		r := &reader{buf: body}
		for _, field := range vector(r, func(r *reader) []Producer {
			name := r.name()
			return vector(r, func(r *reader) Producer { return Producer{name, r.name(), r.name()} })
		}) {
			all = append(all, field...)
		}
		r.done()
		if r.err != nil {
			return nil, fmt.Errorf("section producers: %w", r.err)
		}
	}
	return all, nil
}

// functionNames is the subsection of "name" that has those of functions.
const functionNames = 1

// FunctionNames reads the names of functions, by index, from the section
// "name"; without one it returns nil.
func (m *Module) FunctionNames() (map[uint32]string, error) {
	for _, body := range m.Customs("name") {
		r := &reader{buf: body}
		for r.err == nil && r.at < len(r.buf) {
			id := r.byte()
			part := &reader{buf: r.bytes("subsection")}
			if r.err != nil || id != functionNames {
				continue
			}
			names := make(map[uint32]string)
			vector(part, func(r *reader) struct{} { names[r.u32()] = r.name(); return struct{}{} })
			part.done()
			if part.err != nil {
				return nil, fmt.Errorf("section name: functions: %w", part.err)
			}
			return names, nil
		}
		if r.err != nil {
			return nil, fmt.Errorf("section name: %w", r.err)
		}
	}
	return nil, nil
}
