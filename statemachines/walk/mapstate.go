package walk

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// mapping walks a graph of its own once for each item of a list, some at a
// time; its result is the list of their outputs, in the items' order. The
// first walk that fails ends the others and the state.
type mapping struct {
	exit

	name  string
	items path
	limit int
	body  graph
	place placement
}

func (m *mapping) run(ctx context.Context, w *walker, in any) (any, string, error) {
	found, err := m.items.get(in, "ItemsPath")
	if err != nil {
		return nil, "", err
	}
	items, ok := found.([]any)
	if !ok {
		return nil, "", runtimeError("the path " + m.items.String() + " of ItemsPath finds no list")
	}
	outputs, err := m.each(ctx, w, items)
	if err != nil {
		return nil, "", err
	}
	out, err := m.place.put(in, outputs)
	return out, string(m.exit), err
}

func (m *mapping) each(ctx context.Context, w *walker, items []any) ([]any, error) {
	outputs := make([]any, len(items))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(m.limit)
	for i, item := range items {
		group.Go(func() (err error) {
			outputs[i], err = w.walk(inner, &m.body, item, position{m.name, i})
			return err
		})
	}
	return outputs, group.Wait()
}
