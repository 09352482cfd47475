package broker

import (
	"encoding/json"
	"fmt"
	"maps"
)

// userData is the key of the one field of a template that is nobody else's
// business: it may hold passwords.
const userData = "user_data"

// layer is what a template says for one provider kind or one provider.
type layer = map[string]json.RawMessage

// WithoutUserData returns t without its user data, which every layer may have, and
// whether there was some. t stays as it is.
func (t Template) WithoutUserData() (bare Template, had bool, err error) {
	had = t.UserData != ""
	t.UserData = ""
	hide := func(_ string, l layer) bool {
		if _, ok := l[userData]; !ok {
			return false
		}
		delete(l, userData)
		had = true
		return true
	}
	t.Overrides, err = t.Overrides.each(hide, hide)
	return t, had, err
}

// KeepingUserData returns t with the user data of stored wherever t has the layer and
// names none, and whether stored had any to keep.
func (t Template) KeepingUserData(stored Template) (kept Template, had bool, err error) {
	if _, had, err = stored.WithoutUserData(); err != nil || !had {
		return t, had, err
	}
	if t.UserData == "" {
		t.UserData = stored.UserData
	}
	t.Overrides, err = t.Overrides.each(keep(stored.Overrides.Types), keep(stored.Overrides.Providers))
	return t, true, err
}

// keep returns a change that gives a layer the stored one's user data.
func keep(stored map[string]json.RawMessage) func(string, layer) bool {
	return func(name string, l layer) bool {
		var old layer
		if _, given := l[userData]; given || json.Unmarshal(stored[name], &old) != nil || old[userData] == nil {
			return false // a layer that is not there cannot be read either
		}
		l[userData] = old[userData]
		return true
	}
}

// each changes the layers; those that a change leaves alone keep their bytes.
func (o Overrides) each(types, providers func(name string, l layer) bool) (Overrides, error) {
	var err error
	if o.Types, err = changed(o.Types, types); err != nil {
		return o, err
	}
	o.Providers, err = changed(o.Providers, providers)
	return o, err
}

func changed(layers map[string]json.RawMessage, change func(string, layer) bool) (map[string]json.RawMessage, error) {
	layers = maps.Clone(layers)
	for name, raw := range layers {
		var l layer
		if err := json.Unmarshal(raw, &l); err != nil {
			return nil, fmt.Errorf("reading what a template says for %q: %w", name, err)
		}
		if l == nil || !change(name, l) {
			continue
		}
		fresh, err := json.Marshal(l)
		if err != nil {
			return nil, fmt.Errorf("writing what a template says for %q: %w", name, err)
		}
		layers[name] = fresh
	}
	return layers, nil
}
