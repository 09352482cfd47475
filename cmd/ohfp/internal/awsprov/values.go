package awsprov

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
)

// scalar makes a value that stands where n stood.
func scalar(n *document.Node, v any) *document.Node {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil { // text and numbers always encode
		return &document.Node{Kind: document.Null, Line: n.Line}
	}
	return &document.Node{Kind: document.Scalar, JSON: bytes.TrimSpace(b.Bytes()), Line: n.Line}
}

func text(_ *translation, n *document.Node) (*document.Node, string, bool) {
	if n.Text() == "" {
		return nil, "want text, got " + n.Kind.String(), false
	}
	return n, "", true
}

func lower(t *translation, n *document.Node) (*document.Node, string, bool) {
	if _, reason, ok := text(t, n); !ok {
		return nil, reason, false
	}
	return scalar(n, strings.ToLower(n.Text())), "", true
}

// version of a launch template: a word or a number.
func version(_ *translation, n *document.Node) (*document.Node, string, bool) {
	if n.Kind != document.Scalar {
		return nil, "want a version, got " + n.Kind.String(), false
	}
	if n.Text() == "" {
		return scalar(n, string(n.JSON)), "", true
	}
	return n, "", true
}

// number reads a number, also one that is written as text.
func number(_ *translation, n *document.Node) (*document.Node, string, bool) {
	literal := strings.TrimSpace(n.Text())
	if literal == "" && n.Kind == document.Scalar {
		literal = string(n.JSON)
	}
	if _, err := strconv.ParseFloat(literal, 64); err != nil || !json.Valid([]byte(literal)) {
		return nil, "want a number", false
	}
	return &document.Node{Kind: document.Scalar, JSON: json.RawMessage(literal), Line: n.Line}, "", true
}

// maximum is the number of machines. Of a fleet they counted units.
func maximum(t *translation, n *document.Node) (*document.Node, string, bool) {
	value, reason, ok := number(t, n)
	if p := strings.ToLower(t.node.Get("priceType").Text()); ok && (p == "spot" || p == "heterogeneous") {
		reason = "it counts machines, not units of weight"
	}
	return value, reason, ok
}

// words reads a list, also one that is written as text with commas.
func words(_ *translation, n *document.Node) (*document.Node, string, bool) {
	list := &document.Node{Kind: document.List, Line: n.Line}
	if n.Kind == document.Scalar {
		for word := range strings.SplitSeq(n.Text(), ",") {
			if word = strings.TrimSpace(word); word != "" {
				list.Elems = append(list.Elems, scalar(n, word))
			}
		}
	}
	for _, e := range n.Elems {
		if n.Kind != document.List || e.Text() == "" {
			return nil, "want a list of words", false
		}
		list.Elems = append(list.Elems, e)
	}
	if len(list.Elems) == 0 {
		return nil, "want a list of words", false
	}
	return list, "", true
}

// weighted reads machine types with the units that each counts as. What the
// weights can say here goes beside them.
func weighted(t *translation, n *document.Node) (*document.Node, string, bool) {
	if n.Kind != document.Object {
		return words(t, n)
	}
	weights, ok := numbers(n)
	if !ok {
		return nil, "want an object of machine types with numbers", false
	}
	list, even, whole := &document.Node{Kind: document.List, Line: n.Line}, true, true
	for _, k := range n.Keys {
		e := scalar(n, k.Name)
		e.Line = k.Line
		list.Elems = append(list.Elems, e)
		w := weights[k.Name]
		even, whole = even && w == 1, whole && w >= 1 && w <= mostWeight && w == math.Trunc(w)
	}
	switch {
	case even:
		return list, "", true
	case !whole:
		return list, "the weights are left out: they are whole numbers from 1 to 999", true
	}
	set(t.out, []string{"machine_weights"}, n, n.Line)
	return list, "with the weights as machine_weights, for creates in units; a scheduler's request counts machines", true
}

// mostWeight is the largest weight that a template takes.
const mostWeight = 999

// numbers reads an object of numbers.
func numbers(n *document.Node) (map[string]float64, bool) {
	all := map[string]float64{}
	for i, k := range n.Keys {
		value, _, ok := number(nil, n.Elems[i])
		if !ok {
			return nil, false
		}
		f, err := strconv.ParseFloat(string(value.JSON), 64)
		if err != nil {
			return nil, false
		}
		all[k.Name] = f
	}
	return all, n.Kind == document.Object
}

// tags reads k=v;k=v, or an object.
func tags(_ *translation, n *document.Node) (*document.Node, string, bool) {
	if n.Kind == document.Object {
		return n, "", true
	}
	out := object(n.Line)
	for pair := range strings.SplitSeq(n.Text(), ";") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if key = strings.TrimSpace(key); !ok || key == "" || out.Get(key) != nil {
			return nil, fmt.Sprintf("want key=value;key=value, each key once; got %q", pair), false
		}
		set(out, []string{key}, scalar(n, strings.TrimSpace(value)), n.Line)
	}
	if len(out.Keys) == 0 {
		return nil, "want key=value;key=value, or an object", false
	}
	return out, "", true
}

// mostUserData is what registerTemplate takes.
const mostUserData = 16384

// script reads the file that holds the user data.
func script(t *translation, n *document.Node) (*document.Node, string, bool) {
	if n.Text() == "" {
		return nil, "want the path of a file", false
	}
	data, err := t.read(n.Text())
	switch {
	case err != nil:
		return nil, fmt.Sprintf("its content would become user_data, and it cannot be read here: %v", err), false
	case len(data) > mostUserData:
		return nil, fmt.Sprintf("its content would become user_data, which has at most %d bytes; it has %d", mostUserData, len(data)), false
	case !utf8.Valid(data):
		return nil, "its content would become user_data, and it is not text", false
	}
	return scalar(n, string(data)), "the content of the file", true
}

// strategy is how a fleet chooses, in their words and in those of AWS.
func strategy(_ *translation, n *document.Node) (*document.Node, string, bool) {
	known := map[string]string{
		"lowestprice": "lowest-price", "capacityoptimized": "capacity-optimized", "pricecapacityoptimized": "price-capacity-optimized",
		"capacityoptimizedprioritized": "prioritized", "prioritized": "prioritized",
	}
	word := known[strings.ToLower(strings.ReplaceAll(n.Text(), "-", ""))]
	if word == "" {
		return nil, fmt.Sprintf("%q has no counterpart; there are lowest-price, capacity-optimized, price-capacity-optimized and prioritized", n.Text()), false
	}
	return scalar(n, word), "", true
}
