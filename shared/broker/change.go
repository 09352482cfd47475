package broker

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is one field of something stored that is, or would be, another.
type Change struct {
	Field  string `json:"field" doc:"Which: priority, strategy_config.hosts[node-1].address."`
	From   any    `json:"from,omitempty" doc:"The value before; absent: none."`
	To     any    `json:"to,omitempty" doc:"The value after; absent: none."`
	Hidden bool   `json:"hidden,omitempty" doc:"The values are not shown: they may hold what is nobody else's business."`
	Cut    bool   `json:"cut,omitempty" doc:"A value was too long to keep: its beginning stands for it, as text."`
}

// TemplateChanges compares what users wrote.
func TemplateChanges(from, to Template) ([]Change, error) {
	return Changes(from, to, bookkeeping()...)
}

// bookkeeping are the keys of what is stored that nobody writes.
func bookkeeping() []string { return []string{"version", "updated_at", "actor"} }

// Changes compares two values as they are on the wire, without some keys; nil
// is a value that is not there. What [Private] names is told to have changed,
// and not shown.
func Changes(from, to any, without ...string) ([]Change, error) {
	a, err := plain(from)
	if err != nil {
		return nil, err
	}
	b, err := plain(to)
	if err != nil {
		return nil, err
	}
	for _, key := range without {
		delete(a, key)
		delete(b, key)
	}
	d := &differ{}
	d.objects("", a, b)
	return d.found, nil
}

func plain(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("comparing: %w", err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("comparing: %w", err)
	}
	return m, nil
}

// differ collects changes, in the order of keys.
type differ struct{ found []Change }

func (d *differ) objects(path string, a, b map[string]any) {
	keys := map[string]bool{}
	for _, m := range []map[string]any{a, b} {
		for key := range m {
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if at := below(path, key); !Private(key) {
			d.values(at, a[key], b[key])
		} else if !reflect.DeepEqual(a[key], b[key]) {
			d.found = append(d.found, Change{Field: at, Hidden: true})
		}
	}
}

func (d *differ) values(path string, a, b any) {
	before := len(d.found)
	p, q := named(a), named(b)
	switch {
	case reflect.DeepEqual(a, b):
		return
	case p != nil && q != nil:
		d.items(path, p, q)
	default:
		d.members(path, a, b)
	}
	if len(d.found) == before { // they differ in what is not told further down: an empty object, null
		d.add(path, a, b)
	}
}

// add tells of two values as a whole. Where they differ in what is private
// alone, that is all that is told.
func (d *differ) add(path string, a, b any) {
	c := Change{Field: path, From: bare(a), To: bare(b)}
	if reflect.DeepEqual(c.From, c.To) {
		c = Change{Field: path, Hidden: true}
	}
	d.found = append(d.found, c)
}

// members compares two objects, of which one may be missing; nothing when they
// are none.
func (d *differ) members(path string, a, b any) {
	x, isX := a.(map[string]any)
	y, isY := b.(map[string]any)
	if (isX || a == nil) && (isY || b == nil) {
		d.objects(path, x, y)
	}
}

// items compares lists whose items have names: hosts. That their order has
// changed is a change of the list itself.
func (d *differ) items(path string, a, b []item) {
	before := len(d.found)
	for _, x := range a {
		if y := find(b, x.name); y != nil {
			d.values(path+"["+x.name+"]", x.value, y)
			continue
		}
		d.add(path+"["+x.name+"]", x.value, nil)
	}
	for _, y := range b {
		if find(a, y.name) == nil {
			d.add(path+"["+y.name+"]", nil, y.value)
		}
	}
	if len(d.found) == before {
		d.found = append(d.found, Change{Field: path, From: names(a), To: names(b)})
	}
}

// item is one of a list, with its name.
type item struct {
	name  string
	value any
}

func find(items []item, name string) any {
	if i := slices.IndexFunc(items, func(x item) bool { return x.name == name }); i >= 0 {
		return items[i].value
	}
	return nil
}

func names(items []item) []any {
	out := make([]any, len(items))
	for i, x := range items {
		out[i] = x.name
	}
	return out
}

// named returns the items of a list of objects with names of their own; nil for
// anything else.
func named(v any) []item {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	items := make([]item, 0, len(list))
	for _, e := range list {
		object, _ := e.(map[string]any)
		name, ok := object["name"].(string)
		if !ok || find(items, name) != nil {
			return nil
		}
		items = append(items, item{name, e})
	}
	return items
}

// below is the path of a key; one that would read as several is quoted.
func below(path, key string) string {
	if key == "" || strings.ContainsAny(key, ".[]\" \t\n") {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
