package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of an error table. Codes and messages come from providers.
const (
	MaxCode    = 64  // bytes of a code
	MaxMessage = 200 // bytes of a message
	HourErrors = 20  // distinct codes that an hour keeps; see Rollup
)

// OtherErrors is the code that stands for all those beyond a bound.
const OtherErrors = "(other)"

// ErrorCount is how often an error came, and its last occurrence.
type ErrorCount struct {
	Count       int64
	LastSeen    time.Time // in ms
	LastMessage string    // one line of at most MaxMessage bytes
}

// Errors counts errors by code. Tables add in any order. Nothing is dropped
// before [Errors.Bound]. The nil table is empty.
type Errors map[string]ErrorCount

// ErrorLine is a line of [Errors.Top].
type ErrorLine struct {
	Code string
	ErrorCount
}

// Note counts one occurrence. Code and message are cut to their bounds, and
// what is no printable text becomes a space.
func (e *Errors) Note(code, message string, at time.Time) {
	e.put(clean(code, MaxCode), ErrorCount{Count: 1, LastSeen: stamp(at), LastMessage: clean(message, MaxMessage)})
}

// absorb adds o in place.
func (e *Errors) absorb(o Errors) {
	for code, c := range o {
		e.put(code, c)
	}
}

func (e *Errors) put(code string, c ErrorCount) {
	if *e == nil {
		*e = Errors{}
	}
	(*e)[code] = (*e)[code].plus(c)
}

// plus adds counts and keeps the newer message; of two of the same time the
// greater text, so that it does not matter which came first.
func (c ErrorCount) plus(o ErrorCount) ErrorCount {
	sum := plus(c.Count, o.Count)
	newer := cmp.Or(o.LastSeen.Compare(c.LastSeen), cmp.Compare(o.LastMessage, c.LastMessage))
	if newer > 0 {
		c = o
	}
	c.Count = sum
	return c
}

// Top returns at most n lines, the most frequent first, of equals the last
// seen. Where there are more codes the last line is [OtherErrors] and the
// counts of all lines are the counts of the table. It is empty for n ≤ 0.
func (e Errors) Top(n int) []ErrorLine {
	if n <= 0 {
		return nil
	}
	lines := e.Bound(n).lines()
	if i := slices.IndexFunc(lines, func(l ErrorLine) bool { return l.Code == OtherErrors }); i >= 0 {
		rest := lines[i]
		lines = append(slices.Delete(lines, i, i+1), rest)
	}
	return lines
}

// Bound returns a table of at most n ≥ 1 codes: the most frequent, and what
// they leave added up as [OtherErrors]. It loses names, never counts. A table
// within the bound comes back as it is.
func (e Errors) Bound(n int) Errors {
	if len(e) <= max(n, 1) {
		return e
	}
	rest := maps.Clone(e)
	kept := Errors{}
	kept.put(OtherErrors, rest[OtherErrors])
	delete(rest, OtherErrors)
	for i, l := range rest.lines() {
		if i >= n-1 {
			l.Code = OtherErrors
		}
		kept.put(l.Code, l.ErrorCount)
	}
	return kept
}

// lines returns the table, the most frequent first.
func (e Errors) lines() []ErrorLine {
	lines := make([]ErrorLine, 0, len(e))
	for code, c := range e {
		lines = append(lines, ErrorLine{code, c})
	}
	slices.SortFunc(lines, func(a, b ErrorLine) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), b.LastSeen.Compare(a.LastSeen), cmp.Compare(a.Code, b.Code))
	})
	return lines
}

// clean makes one line of at most limit bytes that any store and terminal
// takes.
func clean(s string, limit int) string {
	if len(s) > limit {
		s = s[:cut(s, limit)]
	}
	return strings.TrimSpace(strings.Map(printable, s))
}

// cut is the last beginning of a character at or before limit.
func cut(s string, limit int) int {
	for i := limit; i > limit-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return limit
}

// printable keeps what is visible. An invalid byte becomes a space as well: as
// a replacement character it would be longer than it was.
func printable(r rune) rune {
	if r == utf8.RuneError || !unicode.IsGraphic(r) {
		return ' '
	}
	return r
}
