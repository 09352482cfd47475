package awsprov

import (
	"encoding/json"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
)

// attributes translates what a template says a machine has: plain values, or
// pairs of a type and text such as ["Numeric", "2"].
func (t *translation) attributes(n *document.Node) {
	for i, k := range n.Keys {
		key := document.Key{Name: "attributes." + k.Name, Line: k.Line}
		switch value := n.Elems[i]; {
		case absent(value), k.Name == "rank" && off(value):
			t.say(key, Kept, "", "says nothing")
		case k.Name == "rank":
			t.say(key, Refused, "", "who asks names the template; providers are ranked by policy and priority")
		case k.Name == "priceInfo":
			t.say(key, Refused, "", "a price belongs to a provider: price_per_hour")
		case k.Name == "mem":
			t.put(key, value, rule{to: "attributes.nram", as: attribute})
		default:
			t.put(key, value, rule{to: "attributes." + k.Name, path: []string{"attributes", k.Name}, as: attribute, same: true})
		}
	}
}

// attribute reads one value in any of its shapes.
func attribute(_ *translation, n *document.Node) (*document.Node, string, bool) {
	kind, value := "", n
	if n.Kind == document.List && len(n.Elems) == 2 {
		kind, value = strings.ToLower(n.Elems[0].Text()), n.Elems[1]
	}
	if value.Kind != document.Scalar {
		return nil, `want a value, or a pair such as ["Numeric", "2"]`, false
	}
	s := strings.TrimSpace(value.Text())
	switch {
	case s == "": // a number or a boolean already
		return value, "", true
	case kind == "boolean":
		return scalar(n, s == "1" || strings.EqualFold(s, "true")), "", true
	case kind != "string" && isNumber(s):
		return &document.Node{Kind: document.Scalar, JSON: json.RawMessage(s), Line: n.Line}, "", true
	}
	return scalar(n, s), "", true
}

// isNumber reports whether text is a number as JSON has them.
func isNumber(s string) bool {
	return json.Valid([]byte(s)) && strings.Trim(s, "+-.0123456789eE") == ""
}
