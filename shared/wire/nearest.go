package wire

import (
	"fmt"
	"slices"
	"strings"
)

// Nearest returns the known word that was most likely meant: the same letters
// in another case or with other separators, else the one fewest edits away (one,
// and one more for each six letters), else one that begins with it, else one
// that ends it after a separator (machine_count: count); "" when none is near.
func Nearest(word string, known []string) string {
	w := fold(word)
	best, allowed := "", 1+len(w)/6
	for _, k := range known {
		f := fold(k)
		if f == w {
			return k
		}
		if d := edits(w, f); d <= allowed {
			best, allowed = k, d-1
		}
	}
	if best != "" || len(w) < 3 {
		return best
	}
	for _, alike := range []func(k string) bool{
		func(k string) bool { return strings.HasPrefix(fold(k), w) },
		func(k string) bool {
			return strings.HasSuffix(clip(word), "_"+k) || strings.HasSuffix(clip(word), "-"+k)
		},
	} {
		if i := slices.IndexFunc(known, alike); i >= 0 {
			return known[i]
		}
	}
	return ""
}

// fold makes machineCount, machine-count and Machine_Count one word.
func fold(s string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(clip(s)))
}

// edits is the number of insertions, deletions, replacements and swaps of
// neighbours between a and b: optimal string alignment, as in Boytsov,
// "Indexing methods for approximate dictionary searching" (2011), section 2.1.
func edits(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := last[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// Unknown says what is wrong with a key that s does not have, and what to
// write instead: a near name, the place where that name belongs, or the names
// that there are.
func (s *Schema) Unknown(key string) string {
	names := built(s)
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("unknown key; did you mean %q?", near)
	}
	for _, f := range s.Fields {
		if f.Schema.Type == Object && f.Schema.Field(key) != nil {
			return fmt.Sprintf("unknown key; did you mean %q?", f.Name+"."+key)
		}
	}
	if len(names) == 0 {
		return "unknown key; there are none"
	}
	return "unknown key; known: " + strings.Join(names, ", ")
}

// built returns the keys of s that are not just planned.
func built(s *Schema) []string {
	var names []string
	for _, f := range s.Fields {
		if f.Planned == "" {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}
