package selection

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// requirement is one of required_capabilities: a name, which asks for a flag;
// name>=4, which asks for a number of at least 4; or name>=a,b, which asks for
// a list that holds both. What was declared says which of the two it is.
type requirement struct {
	name  string // canonical
	bound string // "": a flag
}

// CheckRequirement returns an error that says what is wrong with an element of
// required_capabilities; nil: nothing.
func CheckRequirement(text string) error {
	switch name, bound, typed := strings.Cut(text, ">="); {
	case strings.TrimSpace(name) == "":
		return fmt.Errorf("%q names no capability", text)
	case typed && slices.Contains(listed(bound), ""):
		return fmt.Errorf("%q: after >= comes a number, or a list of names with commas between them", text)
	default:
		return nil
	}
}

func parseRequirement(text string) requirement {
	name, bound, _ := strings.Cut(text, ">=")
	return requirement{canonical(strings.TrimSpace(name)), strings.TrimSpace(bound)}
}

func listed(bound string) []string {
	names := strings.Split(bound, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// capable returns the providers that meet a requirement.
func (s *Snapshot) capable(r requirement) set {
	c, ok := s.capabilities[r.name]
	switch {
	case !ok:
		return s.none
	case r.bound == "":
		return c.there
	}
	met := slices.Clone(c.there)
	for _, item := range listed(r.bound) {
		met.intersect(s.named(c.holds, item))
	}
	if least, err := strconv.ParseFloat(r.bound, 64); err == nil {
		for _, a := range c.least {
			if a.value >= least {
				met.add(a.provider)
			}
		}
	}
	return met
}

// declaredAs tells what a provider declares of a requirement's capability: ""
// when nothing.
func (s *Snapshot) declaredAs(i int, r requirement) string {
	c, ok := s.capabilities[r.name]
	if !ok || !c.there.has(i) {
		return ""
	}
	for _, a := range c.least {
		if a.provider == i {
			return number(a.value)
		}
	}
	var held []string
	for item, by := range c.holds {
		if by.has(i) {
			held = append(held, item)
		}
	}
	if len(held) == 0 {
		return "true"
	}
	slices.Sort(held)
	return strings.Join(held, ",")
}
