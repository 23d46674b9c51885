package config

// Nearest returns the candidate that a misspelt name most likely means, or ""
// when none is near enough: at most a third of the letters may differ.
func Nearest(name string, candidates []string) string {
	folded := Fold(name)
	best, bestAt := "", max(len(folded)/3, 1)+1
	for _, c := range candidates {
		if d := distance(folded, Fold(c), bestAt); d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

// distance is the Damerau-Levenshtein distance (restricted: no part is edited
// twice), or limit when it is not less.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	return min(old[len(b)], limit)
}

// didYouMean words a hint, or is empty.
func didYouMean(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		return `did you mean "` + near + `"?`
	}
	return ""
}
