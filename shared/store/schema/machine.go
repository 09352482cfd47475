package schema

import "github.com/openhostfactory/ohfp/shared/broker"

// MachineChange stores m where old (nil: nothing) is stored now. A machine in
// a final status stays as it is, and nobody owns it any more: the pointers by
// provider and by name go with the change that ends it.
func MachineChange(old *broker.Machine, m broker.Machine) (Change, error) {
	var c Change
	if old != nil && old.Status.Final() {
		return c, nil
	}
	row, err := Row(MachineKey(m.ID), m)
	c.Put = append(c.Put, row)
	kept := map[Key]bool{}
	if !m.Status.Final() {
		for _, k := range pointers(m) {
			kept[k] = true
			c.Put = append(c.Put, Item{Key: k, Doc: []byte("{}")})
		}
	}
	if old != nil {
		for _, k := range pointers(*old) {
			if !kept[k] {
				c.Delete = append(c.Delete, k)
			}
		}
	}
	return c, err
}

// NoteChange stores m, which differs from old in status, message and time: the
// pointers to it change when it ends, and only then.
func NoteChange(old, m broker.Machine) (Change, error) {
	if m.Status.Final() {
		return MachineChange(&old, m)
	}
	row, err := Row(MachineKey(m.ID), m)
	return Change{Put: []Item{row}}, err
}

func pointers(m broker.Machine) []Key {
	var keys []Key
	if m.Provider != "" {
		keys = append(keys, OwnedKey(m.Provider, m.ID))
	}
	if m.Name != "" {
		keys = append(keys, NameKey(m.Name, m.ID))
	}
	return keys
}
