package broker

import (
	"slices"
	"strings"
)

// secretWords make a key look like one that holds a secret.
func secretWords() []string {
	return []string{"accesskey", "secret", "password", "passwd", "passphrase", "token", "privatekey", "apikey", "credential"}
}

// NamesSecret reports whether a key looks like one that holds a secret: in any
// case, with any separators, and as a part of a longer name.
func NamesSecret(key string) bool {
	folded := fold(key)
	return slices.ContainsFunc(secretWords(), func(w string) bool { return strings.Contains(folded, w) })
}

// Private reports whether the value of a key is nobody else's business: a
// secret, or the user data of a machine.
func Private(key string) bool { return NamesSecret(key) || fold(key) == fold(userData) }

func fold(key string) string {
	return strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(key))
}

// withheld stands where a private value would.
const withheld = "[not shown]"

// bare returns a value as JSON has it, with nothing private in it. v stays as
// it is.
func bare(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if out[key] = bare(value); Private(key) {
				out[key] = withheld
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = bare(v[i])
		}
		return out
	}
	return v
}
