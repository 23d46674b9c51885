package schema

import (
	"context"
	"fmt"
	"slices"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// message is one message of a Protobuf file.
type message struct {
	name []byte // full
	path []int  // in the wire format
	desc protoreflect.MessageDescriptor
}

// protobuf is the codec of a Protobuf file, whose payloads say by a path which
// of its messages they are.
type protobuf struct {
	file   protoreflect.FileDescriptor
	types  linker.Resolver
	byName map[protoreflect.FullName]*message
}

func compileProtobuf(ctx context.Context, id int, text string, refs []reference) (*protobuf, error) {
	main := fmt.Sprintf("schema-%d.proto", id)
	files := map[string]string{main: text}
	for _, ref := range refs {
		files[ref.name] = ref.text
	}
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{Accessor: protocompile.SourceAccessorFromMap(files)}),
		MaxParallelism: 1,
	}
	compiled, err := compiler.Compile(ctx, main)
	if err != nil {
		return nil, err
	}
	p := &protobuf{file: compiled[0], types: linker.ResolverFromFile(compiled[0]), byName: map[protoreflect.FullName]*message{}}
	p.collect(p.file.Messages(), nil)
	return p, nil
}

func (p *protobuf) collect(all protoreflect.MessageDescriptors, path []int) {
	for i := range all.Len() {
		desc := all.Get(i)
		m := &message{name: []byte(desc.FullName()), path: append(slices.Clone(path), i), desc: desc}
		p.byName[desc.FullName()] = m
		p.collect(desc.Messages(), m.path)
	}
}

// at finds the message at the end of a path.
func (p *protobuf) at(path []int) (*message, error) {
	all := p.file.Messages()
	var desc protoreflect.MessageDescriptor
	for _, i := range path {
		if i >= all.Len() {
			return nil, fmt.Errorf("has the message indexes %v, but the schema has no such message", path)
		}
		desc = all.Get(i)
		all = desc.Messages()
	}
	return p.byName[desc.FullName()], nil
}

// named finds a message by its full name. No name is the file's first message.
func (p *protobuf) named(name []byte) (*message, error) {
	if len(name) == 0 {
		return p.at([]int{0})
	}
	if m, ok := p.byName[protoreflect.FullName(name)]; ok {
		return m, nil
	}
	return nil, fmt.Errorf("the schema has no message %.100q", name)
}

func (p *protobuf) toJSON(dst, payload []byte, m *message, _ Unions) ([]byte, error) {
	v := dynamicpb.NewMessage(m.desc)
	if err := (proto.UnmarshalOptions{Resolver: p.types}).Unmarshal(payload, v); err != nil {
		return dst, err
	}
	start := len(dst)
	dst, err := protojson.MarshalOptions{Resolver: p.types}.MarshalAppend(dst, v)
	if err != nil {
		return dst, err
	}
	return compact(dst, start), nil
}

func (p *protobuf) fromJSON(dst, text []byte, m *message) ([]byte, error) {
	v := dynamicpb.NewMessage(m.desc)
	if err := (protojson.UnmarshalOptions{Resolver: p.types}).Unmarshal(text, v); err != nil {
		return dst, err
	}
	return proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, v)
}

// compact takes the blanks out of JSON, in place, from an index on: the
// library puts some in at random, so that nobody relies on them.
func compact(b []byte, from int) []byte {
	out, quoted, escaped := from, false, false
	for _, c := range b[from:] {
		if !quoted && (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
			continue
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		}
		b[out] = c
		out++
	}
	return b[:out]
}
