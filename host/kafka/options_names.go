package kafka

// CanonicalName is the name of an option that is written in any spelling, or
// "" when there is none.
func CanonicalName(spelling string) string {
	if r := rowOf(spelling); r != nil {
		return r.name
	}
	return ""
}

// IsList tells whether an option, in any spelling, takes several values.
func IsList(spelling string) bool {
	r := rowOf(spelling)
	return r != nil && r.kind == kindList
}

// IsSecret tells whether the value of an option, in any spelling, must not be
// shown.
func IsSecret(spelling string) bool {
	r := rowOf(spelling)
	return r != nil && r.secret
}

// Spellings lists all names of options that connections take.
func Spellings() []string { return spellings(0) }
