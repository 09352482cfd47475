package op

import (
	"strings"
	"unicode"
)

// Route is how an operation is reached over HTTP.
type Route struct {
	Method string
	Path   string
}

// Prefixes of the routes.
const (
	CommandPath = "/v1/commands/"
	QueryPath   = "/v1/queries/"
)

// Routes returns how the operation is reached: a command by POST, a query by
// GET with flat fields and by POST with a body; steps, schedules and events
// have none.
func Routes(s Spec) []Route {
	switch s.Kind {
	case Command:
		return []Route{{"POST", CommandPath + s.Name}}
	case Query:
		return []Route{{"GET", QueryPath + s.Name}, {"POST", QueryPath + s.Name}}
	default:
		return nil
	}
}

// Kebab writes a camelCase or snake_case name with dashes:
// executeProviderOperation and execute_provider_operation become
// execute-provider-operation. A run of capitals is one word.
func Kebab(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if r == '_' {
			b.WriteByte('-')
			continue
		}
		if i > 0 && unicode.IsUpper(r) && startsWord(runes, i) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// startsWord reports whether the capital at i begins a word: after a small
// letter or digit, or as the last capital of a run.
func startsWord(runes []rune, i int) bool {
	if before := runes[i-1]; before == '_' {
		return false
	} else if !unicode.IsUpper(before) {
		return true
	}
	return i+1 < len(runes) && unicode.IsLower(runes[i+1])
}
