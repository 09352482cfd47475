package config

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Attributes that a template asks for as a least amount; all others must be
// equal. Units: physical cores, MiB. Schedulers have two words for each.
const (
	AttrCPUs  = "ncpus"
	AttrCores = "ncores"
	AttrRAM   = "nram"
	AttrMem   = "mem"
)

// AttrType is the attribute by which schedulers tell platforms apart, and
// DefaultType is that of what does not name it.
const (
	AttrType    = "type"
	DefaultType = "X86_64"
)

// AtLeast reports whether a template asks for the attribute as a least amount.
func AtLeast(attribute string) bool {
	switch attribute {
	case AttrCPUs, AttrCores, AttrRAM, AttrMem:
		return true
	}
	return false
}

// Value is an attribute of a host or a template, under its name or the other
// word for the same thing; nil: it has none.
func Value(attributes map[string]any, name string) any {
	if v, there := attributes[name]; there {
		return v
	}
	switch name {
	case AttrCores:
		return attributes[AttrCPUs]
	case AttrRAM:
		return attributes[AttrMem]
	case AttrMem:
		return attributes[AttrRAM]
	case AttrType:
		return DefaultType
	}
	return nil
}

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
