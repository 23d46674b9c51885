package demangle

import (
	"strconv"
	"strings"
)

// rust reads a name of Rust's newer mangling, called v0, without its prefix.
// Generic arguments are left out: a report is about where, not about types.
func rust(s string) (text string, ok bool) {
	d := &decoder{s: s}
	defer func() {
		if p := recover(); p != nil {
			if _, own := p.(failed); !own {
				panic(p)
			}
			text, ok = "", false
		}
	}()
	d.path()
	return d.out.String(), d.out.Len() > 0
}

// failed is the panic of a decoder that does not understand a name.
type failed struct{}

// The bounds of what a hostile name can ask for by references to itself.
const (
	maxDepth  = 64
	maxOutput = 4 << 10
	maxSteps  = 10_000
)

type decoder struct {
	s     string
	at    int
	out   strings.Builder
	quiet int // of nested parts that are read and not written
	depth int
	steps int
}

func (d *decoder) next() byte {
	if d.steps++; d.at >= len(d.s) || d.steps > maxSteps {
		panic(failed{})
	}
	d.at++
	return d.s[d.at-1]
}

func (d *decoder) eat(c byte) bool {
	if d.at < len(d.s) && d.s[d.at] == c {
		d.at++
		return true
	}
	return false
}

func (d *decoder) write(text string) {
	if d.quiet > 0 {
		return
	}
	if d.out.Len()+len(text) > maxOutput {
		panic(failed{})
	}
	d.out.WriteString(text)
}

func (d *decoder) quietly(read func()) {
	d.quiet++
	read()
	d.quiet--
}

// nest guards a part that can hold others.
func (d *decoder) nest(read func()) {
	if d.depth++; d.depth > maxDepth {
		panic(failed{})
	}
	read()
	d.depth--
}

// number reads digits of base 62 up to an underscore; none are 0. The hash of a
// crate takes all bits, and more is no matter.
func (d *decoder) number() uint64 {
	if d.eat('_') {
		return 0
	}
	var n uint64
	for {
		c := d.next()
		switch {
		case c == '_':
			return n + 1
		case c >= '0' && c <= '9':
			n = n*62 + uint64(c-'0')
		case c >= 'a' && c <= 'z':
			n = n*62 + uint64(c-'a') + 10
		case c >= 'A' && c <= 'Z':
			n = n*62 + uint64(c-'A') + 36
		default:
			panic(failed{})
		}
	}
}

// ident reads a name and, before it, the number that tells it from its like.
func (d *decoder) ident() (name string, number uint64) {
	if d.eat('s') {
		number = d.number() + 1
	}
	start := d.at
	for d.at < len(d.s) && d.s[d.at] >= '0' && d.s[d.at] <= '9' {
		d.at++
	}
	n, err := strconv.Atoi(d.s[start:d.at]) // punycode begins with a u, and stays as it is
	d.eat('_')
	if err != nil || n > len(d.s)-d.at {
		panic(failed{})
	}
	d.at += n
	return d.s[d.at-n : d.at], number
}

// back reads a reference to an earlier part of the name.
func (d *decoder) back(read func()) {
	to := d.number()
	if to >= uint64(d.at) {
		panic(failed{})
	}
	here := d.at
	d.at = int(to)
	d.nest(read)
	d.at = here
}

func (d *decoder) path() { d.nest(d.pathInside) }

func (d *decoder) pathInside() {
	switch d.next() {
	case 'C':
		name, _ := d.ident()
		d.write(name)
	case 'N':
		space := d.next()
		d.path()
		d.member(space)
	case 'M':
		d.impl()
		d.write("<")
		d.typ()
		d.write(">")
	case 'X':
		d.impl()
		d.as()
	case 'Y':
		d.as()
	case 'I':
		d.path()
		d.quietly(func() {
			for !d.eat('E') {
				d.generic()
			}
		})
	case 'B':
		d.back(d.path)
	default:
		panic(failed{})
	}
}

// member reads a name within a path. Spaces in capitals are of what has no name
// of its own.
func (d *decoder) member(space byte) {
	name, number := d.ident()
	switch {
	case space == 'C':
		d.write("::{closure#" + strconv.FormatUint(number, 10) + "}")
	case name != "":
		d.write("::" + name)
	}
}

// impl reads where an implementation stands.
func (d *decoder) impl() {
	if d.eat('s') {
		d.number()
	}
	d.quietly(d.path)
}

func (d *decoder) as() {
	d.write("<")
	d.typ()
	d.write(" as ")
	d.path()
	d.write(">")
}

func (d *decoder) generic() {
	switch {
	case d.eat('L'):
		d.number()
	case d.eat('K'):
		d.constant()
	default:
		d.typ()
	}
}

// basics are the types of one letter.
var basics = map[byte]string{
	'a': "i8", 'b': "bool", 'c': "char", 'd': "f64", 'e': "str", 'f': "f32", 'h': "u8", 'i': "isize", 'j': "usize", 'l': "i32",
	'm': "u32", 'n': "i128", 'o': "u128", 's': "i16", 't': "u16", 'u': "()", 'v': "...", 'x': "i64", 'y': "u64", 'z': "!", 'p': "_",
}

// pointers are what stands before the type that is pointed to.
var pointers = map[byte]string{'R': "&", 'Q': "&mut ", 'P': "*const ", 'O': "*mut "}

func (d *decoder) typ() { d.nest(d.typInside) }

func (d *decoder) typInside() {
	c := d.next()
	if name, ok := basics[c]; ok {
		d.write(name)
		return
	}
	if sign, ok := pointers[c]; ok {
		if d.eat('L') {
			d.number()
		}
		d.write(sign)
		d.typ()
		return
	}
	switch c {
	case 'S', 'A':
		d.write("[")
		d.typ()
		if c == 'A' {
			d.quietly(d.constant)
		}
		d.write("]")
	case 'T':
		d.write("(")
		for i := 0; !d.eat('E'); i++ {
			if i > 0 {
				d.write(", ")
			}
			d.typ()
		}
		d.write(")")
	case 'F', 'D':
		panic(failed{}) // functions and dyn, which are rare here
	case 'B':
		d.back(d.typ)
	default:
		d.at--
		d.path()
	}
}

// constant reads a number, a truth value or a letter, all written in
// hexadecimal.
func (d *decoder) constant() {
	if d.eat('B') {
		d.back(d.constant)
		return
	}
	if _, ok := basics[d.next()]; !ok {
		panic(failed{})
	}
	for !d.eat('_') {
		d.next()
	}
}
