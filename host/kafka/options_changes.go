package kafka

// OptionChange is an option that is another one in other Options. Secrets are
// masked.
type OptionChange struct{ Name, Was, Is string }

// Changes lists what differs in to, in the order of the table. A secret that is
// read from a file when it is needed is the same as long as the file is.
func (o *Options) Changes(to *Options) []OptionChange {
	var changes []OptionChange
	for i := range table {
		was, is := o.get(table[i].name), to.get(table[i].name)
		if was.value.equal(is.value) {
			continue
		}
		hidden := table[i].secret || was.secret || is.secret
		changes = append(changes, OptionChange{table[i].name, was.shown(hidden), is.shown(hidden)})
	}
	return changes
}

func (s *setting) shown(hidden bool) string {
	if hidden && s.value.text != "" {
		return "***"
	}
	return s.value.text
}
