package config

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Attributes that a template asks for as a least amount; all others must be
// equal. Units: physical cores, MiB.
const (
	AttrCPUs = "ncpus"
	AttrRAM  = "nram"
)

// AtLeast reports whether a template asks for the attribute as a least amount.
func AtLeast(attribute string) bool { return attribute == AttrCPUs || attribute == AttrRAM }

// AttributeNumber reads an attribute's value as a number; schedulers write
// numbers as text too.
func AttributeNumber(v any) (float64, bool) {
	var n float64
	switch v := v.(type) {
	case float64:
		n = v
	case int:
		n = float64(v)
	case json.Number:
		return AttributeNumber(v.String())
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		if err != nil {
			return 0, false
		}
		n = f
	default:
		return 0, false
	}
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

var attributeName = lazily(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// maxAttribute is the longest text value in bytes.
const maxAttribute = 256

func checkAttributes(path string, attributes map[string]any) []fault.Field {
	var bad []fault.Field
	for _, name := range sortedKeys(attributes) {
		if m := badAttribute(name, attributes[name]); m != "" {
			bad = append(bad, field(path+"."+name, "%s", m))
		}
	}
	return bad
}

func badAttribute(name string, v any) string {
	if !attributeName.MatchString(name) {
		return "an attribute's name is 1 to 64 letters, digits, _, . and -, beginning with a letter"
	}
	if AtLeast(name) {
		if n, ok := AttributeNumber(v); !ok || n <= 0 {
			return "want a number above 0"
		}
		return ""
	}
	switch v := v.(type) {
	case string:
		if len(v) > maxAttribute {
			return "want at most 256 bytes"
		}
	case float64, int, bool, json.Number:
	default:
		return "want text, a number, true or false"
	}
	return ""
}
