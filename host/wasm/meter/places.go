package meter

import "sort"

// places tell where code of the code section went, by offsets in it, in order.
type places []struct{ old, new uint32 }

func (p *places) add(from, to int) {
	*p = append(*p, struct{ old, new uint32 }{uint32(from), uint32(to)})
}

// shift moves the places from i on, which were added within a body.
func (p places) shift(i, from, to int) {
	for ; i < len(p); i++ {
		p[i].old += uint32(from)
		p[i].new += uint32(to)
	}
}

// moved is where an address of the original is now.
func (p places) moved(address uint64) uint64 {
	i := sort.Search(len(p), func(i int) bool { return uint64(p[i].old) > address })
	if i == 0 {
		return address
	}
	return uint64(p[i-1].new)
}
