package hostfactory

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// Limits of what a scheduler may send.
const (
	MaxBody     = 4 << 20 // bytes
	MaxList     = 20_000
	MaxMachines = 1_000 // that one request may be for
)

// parse reads a document as the schedulers write it. Nothing, or white space,
// is an empty object, and so is null; comments and a byte order mark are left
// out. invalid_request for what is no JSON, too_large for too much of it.
func parse(data []byte) (any, error) {
	if len(data) > MaxBody {
		return nil, fault.New(fault.TooLarge, "the input has %d bytes; at most %d are read", len(data), MaxBody)
	}
	data = bytes.TrimSpace(wire.StripComments(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	if len(data) == 0 {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fault.New(fault.InvalidRequest, "the input is not JSON: %s", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.InvalidRequest, "the input goes on after its end")
	}
	if v == nil {
		return map[string]any{}, nil
	}
	return v, nil
}

// spelling is a key in any of its spellings: templateId, template_id,
// TemplateID, template-id.
func spelling(key string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(key))
}

// find returns the member of an object by any spelling of its names. Two that
// are there and differ are refused: nobody knows which is meant.
func find(object map[string]any, names ...string) (any, error) {
	var found any
	var as string
	for _, key := range slices.Sorted(maps.Keys(object)) {
		v := object[key]
		if v == nil || !slices.Contains(names, spelling(key)) {
			continue
		}
		if found != nil && !alike(found, v) {
			return nil, fault.Invalid(key, "%s says something else", as)
		}
		found, as = v, key
	}
	return found, nil
}

// alike reports whether two values say the same, numbers in any shape.
func alike(a, b any) bool {
	x, xok := scalar(a)
	y, yok := scalar(b)
	if !xok || !yok {
		return false
	}
	return x == y
}

// scalar is a value as text. Numbers are written alike: 2, "2" and 2.0.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		text := strings.TrimSpace(v)
		if n, ok := whole(text); ok {
			return strconv.Itoa(n), true
		}
		return text, true
	case json.Number:
		if n, ok := whole(v.String()); ok {
			return strconv.Itoa(n), true
		}
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// maxNumber bounds what is read as a number of machines: far above all that
// are allowed, and far below what a computer cannot hold.
const maxNumber = 1e9

// whole reads a whole number in any way of writing it.
func whole(text string) (int, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, math.Abs(float64(n)) <= maxNumber
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > maxNumber {
		return 0, false
	}
	return int(f), true
}

// text is a member that is text; a number is taken for its digits.
func text(object map[string]any, names ...string) (string, error) {
	v, err := find(object, names...)
	if v == nil || err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v), nil
	case json.Number:
		return v.String(), nil
	}
	return "", fault.Invalid(names[0], "want text")
}

// number is a member that is a whole number; false: there is none.
func number(object map[string]any, names ...string) (int, bool, error) {
	v, err := find(object, names...)
	if v == nil || err != nil {
		return 0, false, err
	}
	written, ok := "", false
	switch v := v.(type) {
	case string:
		written, ok = strings.TrimSpace(v), true
	case json.Number:
		written, ok = v.String(), true
	}
	n, isWhole := whole(written)
	if !ok || !isWhole {
		return 0, false, fault.Invalid(names[0], "want a whole number")
	}
	return n, true, nil
}

// list is a value as a list: what is none is a list of one.
func list(v any) ([]any, error) {
	l, ok := v.([]any)
	if !ok {
		return []any{v}, nil
	}
	if len(l) > MaxList {
		return nil, fault.New(fault.TooLarge, "the list has %d items; at most %d are read", len(l), MaxList)
	}
	return l, nil
}
