package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// mostOfferings is how many machine types are offerings of their own. A longer
// list is one offering: what a provider is out of is noted once for each.
const mostOfferings = 4

// longestOffering bounds a name in bytes: it is part of a key.
const longestOffering = 120

// Offerings names what a machine of the template may be made of at a provider:
// any one will do. Two templates that ask for the same have the same names, so
// that what one of them finds to be gone the other does not ask for.
func Offerings(t broker.ResolvedTemplate) []string {
	rest := wants(t)
	types := slices.Compact(slices.Sorted(slices.Values(t.MachineTypes)))
	types = slices.DeleteFunc(types, func(name string) bool { return name == "" })
	switch {
	case len(types) == 0:
		return []string{named("any", rest)}
	case len(types) > mostOfferings:
		return []string{named(fmt.Sprintf("%s and %d more", types[0], len(types)-1), rest, tag(types))}
	}
	names := make([]string, len(types))
	for i, machine := range types {
		names[i] = named(machine, rest)
	}
	return names
}

// wants is what else chooses among machines: how they are paid for, what they
// must have, and, as a tag, what only the kind understands.
func wants(t broker.ResolvedTemplate) []string {
	var words []string
	if t.PriceType != "" {
		words = append(words, t.PriceType)
	}
	for _, name := range sortedKeys(t.Attributes) {
		words = append(words, fmt.Sprintf("%s=%v", name, t.Attributes[name]))
	}
	if len(t.Extra) > 0 {
		words = append(words, tag(t.Extra))
	}
	return words
}

// TemplateOffering names a template as it works out at a provider: when it does
// not work there, that is all that is blocked, until the template is changed.
func TemplateOffering(t broker.ResolvedTemplate) string {
	t.UserData, t.Tags = "", nil
	id := t.ID
	if id == "" {
		id = "given"
	}
	return named("template "+id, nil, tag(t))
}

// named joins words to a name that is short enough.
func named(first string, words []string, more ...string) string {
	name := strings.ToValidUTF8(strings.Join(append(append([]string{first}, words...), more...), " "), "?")
	if len(name) <= longestOffering {
		return name
	}
	return strings.ToValidUTF8(name[:longestOffering-20], "") + " " + tag(name)
}

// tag tells values apart that are too long to be named.
func tag(v any) string {
	raw, err := json.Marshal(v)
	if err != nil { // a template came as JSON
		raw = fmt.Append(nil, v)
	}
	sum := sha256.Sum256(raw)
	return "#" + hex.EncodeToString(sum[:6])
}
