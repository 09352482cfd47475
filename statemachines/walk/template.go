package walk

// template is a Parameters, Payload or ResultSelector: a JSON value in which a
// member "name.$" takes its value from a path. A nil template is unset.
type template interface {
	fill(in any) (any, error)
}

// literal stands for itself.
type literal struct{ value any }

func (t literal) fill(any) (any, error) { return t.value, nil }

// reference is the value of a member "name.$".
type reference struct {
	field string
	path  path
}

func (t reference) fill(in any) (any, error) { return t.path.get(in, t.field) }

// members is an object with at least one reference somewhere below it, in the
// order of names.
type members []member

type member struct {
	name  string
	value template
}

func (t members) fill(in any) (any, error) {
	object := make(map[string]any, len(t))
	for _, m := range t {
		value, err := m.value.fill(in)
		if err != nil {
			return nil, err
		}
		object[m.name] = value
	}
	return object, nil
}
