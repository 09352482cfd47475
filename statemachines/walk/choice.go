package walk

import "context"

// choice goes on by the first rule that holds, else by its default.
type choice struct {
	rules    []rule
	fallback string
}

// rule compares one value with a string or a boolean. A value of another type
// is unequal; a path that finds nothing ends the execution, default or not.
type rule struct {
	variable path
	want     any
	next     string
}

func (c *choice) exits() []string {
	names := []string{c.fallback}
	for _, r := range c.rules {
		names = append(names, r.next)
	}
	return names
}

func (c *choice) run(_ context.Context, _ *walker, in any) (any, string, error) {
	for _, r := range c.rules {
		got, err := r.variable.get(in, "Variable")
		if err != nil {
			return nil, "", err
		}
		if got == r.want {
			return in, r.next, nil
		}
	}
	return in, c.fallback, nil
}
