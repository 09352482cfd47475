package config

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used. The
// client links this package, is started at every poll and uses none of them.
type pattern func() *regexp.Regexp

// lazily makes the pattern of an expression that is known to be right.
func lazily(expression string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// MatchString reports whether s matches.
func (p pattern) MatchString(s string) bool { return p().MatchString(s) }
