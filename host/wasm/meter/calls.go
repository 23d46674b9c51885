package meter

// uncountedMost is how many calls that are not counted can be on top of each
// other.
const uncountedMost = 64

// weight is how much deeper a function nests whose calls are counted: 1, and
// one more for each half KiB of stack that its locals may take, or the values
// that its code holds, of which a byte makes few.
func weight(locals uint64, code int) int64 { return 1 + int64(locals+uint64(code)/32)/64 }

// findNested returns the weights of the functions whose calls are counted, and 0
// for the others. Counted are those that can be reached from themselves, and some
// of those that lie on a long way down.
func (m *module) findNested(r *reader, bodies []reader) []int64 {
	g := m.callGraph(r, bodies)
	nested := make([]int64, len(bodies))
	height := make([]int, len(g)) // the most calls that are not counted from here on
	g.components(func(nodes []int32, cyclic bool) {
		for _, v := range nodes {
			if int(v) >= len(bodies) { // a type
				height[v] = g.highest(v, height)
				continue
			}
			height[v] = g.highest(v, height) + 1
			if cyclic || height[v] > uncountedMost {
				height[v] = 0
				body := bodies[v]
				_, locals := body.localsOf(m.types[m.funcs[m.imported+int(v)]].params)
				nested[v] = weight(locals, len(body.buf))
			}
		}
	})
	return nested
}

// graph has, for each node, the nodes that it leads to.
type graph [][]int32

func (g graph) highest(v int32, height []int) int {
	most := 0
	for _, to := range g[v] {
		most = max(most, height[to])
	}
	return most
}

// callGraph says who may call whom: a node for each function of the code section,
// and behind them one for each type that calls by reference name, which leads to
// all functions of the type that can be referred to. On the way it sees what the
// functions cost the compiler.
func (m *module) callGraph(r *reader, bodies []reader) graph {
	g := make(graph, len(bodies))
	types := make(map[string]int32)
	byType := func(t uint32) int32 {
		key := m.types[t].key
		v, ok := types[key]
		if !ok {
			v = int32(len(g))
			types[key] = v
			g = append(g, nil)
		}
		return v
	}
	var in instruction
	var all float64
	for i, body := range bodies {
		var cost effort
		_, cost.locals = body.localsOf(m.types[m.funcs[m.imported+i]].params)
		for body.more() {
			body.next(&in)
			cost.add(&in)
			switch in.op {
			case opCall, opReturnCall:
				if callee := int64(in.index) - int64(m.imported); callee >= 0 && callee < int64(len(bodies)) {
					g[i] = append(g[i], int32(callee))
				}
			case opCallIndirect, opReturnCallIndirect:
				if uint64(in.index) < uint64(len(m.types)) {
					t := byType(in.index) // which may move g
					g[i] = append(g[i], t)
				}
			case opRefFunc:
				m.taken[in.index] = true
			}
		}
		work := cost.work()
		if all += work; work > workMost || all > workAll {
			what := "function %d, with %d loops, %d branches and %d locals, %w"
			if work <= workMost {
				what = "the module up to " + what
			}
			r.fail(what, m.imported+i, cost.loops, cost.branches, cost.locals, ErrEffort)
			return nil
		}
	}
	for f := range m.taken {
		i := int64(f) - int64(m.imported)
		if i < 0 || i >= int64(len(bodies)) {
			continue
		}
		if v, ok := types[m.types[m.funcs[f]].key]; ok {
			g[v] = append(g[v], int32(i))
		}
	}
	return g
}

// components calls yield for the strongly connected components of a graph, each
// after those that it leads to, and says whether it leads to itself. It is
// Tarjan's algorithm, with a stack of its own: modules may be deep.
func (g graph) components(yield func(nodes []int32, cyclic bool)) {
	type visit struct {
		node int32
		next int // the edge to be followed
	}
	var (
		order   int32
		index   = make([]int32, len(g)) // in order of discovery, from 1 on
		low     = make([]int32, len(g))
		done    = make([]bool, len(g))
		path    []visit
		waiting []int32
	)
	for root := range g {
		if index[root] != 0 {
			continue
		}
		path = append(path, visit{node: int32(root)})
		for len(path) > 0 {
			top := &path[len(path)-1]
			v := top.node
			if top.next == 0 && index[v] == 0 {
				order++
				index[v], low[v] = order, order
				waiting = append(waiting, v)
			}
			if top.next < len(g[v]) {
				to := g[v][top.next]
				top.next++
				if index[to] == 0 {
					path = append(path, visit{node: to})
				} else if !done[to] {
					low[v] = min(low[v], index[to])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				parent := path[len(path)-1].node
				low[parent] = min(low[parent], low[v])
			}
			if low[v] != index[v] {
				continue
			}
			at := len(waiting) - 1
			for waiting[at] != v {
				at--
			}
			nodes := waiting[at:]
			for _, n := range nodes {
				done[n] = true
			}
			yield(nodes, len(nodes) > 1 || g.leadsTo(v, v))
			waiting = waiting[:at]
		}
	}
}

func (g graph) leadsTo(v, to int32) bool {
	for _, w := range g[v] {
		if w == to {
			return true
		}
	}
	return false
}
