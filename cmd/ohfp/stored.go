package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// stored is one thing that the broker has, in the words of the operation that
// stores it.
type stored struct {
	name    string
	node    *document.Node
	leaving bool // it is being taken out already
	hidden  bool // there is more than is shown
}

// reader reads all that the broker has of a section.
type reader func(ctx context.Context, b *bench) ([]stored, error)

// bench is a connection with the operations to call over it.
type bench struct {
	client *client
	link   *link
}

// bench connects to the broker that the options name.
func (c *client) bench() (*bench, error) {
	if err := c.configure(); err != nil {
		return nil, err
	}
	if err := c.checkConnection(); err != nil {
		return nil, err
	}
	l, err := c.connect()
	if err != nil {
		return nil, err
	}
	return &bench{client: c, link: l}, nil
}

// call carries an operation out. What is stored gets a key of its own, so that
// the network cannot do it twice; what is only asked gets none.
func (b *bench) call(ctx context.Context, name string, body []byte, stores bool) (answer, error) {
	o := b.client.operation(name)
	if o == nil {
		return answer{}, notSupported("%s is not built yet", name)
	}
	spec := o.Describe()
	r := b.client.request(spec, body)
	if !stores || spec.Kind != op.Command {
		r.header.Del("Idempotency-Key")
	}
	return b.link.do(ctx, r)
}

// ask is a query whose answer must be there.
func (b *bench) ask(ctx context.Context, name, body string) (*document.Node, error) {
	a, err := b.call(ctx, name, []byte(body), false)
	if err != nil {
		return nil, err
	}
	if a.status >= 300 {
		return nil, &failure{exit: exitOf(a), document: a.body, line: a.says.Code + ": " + a.says.Detail}
	}
	n, err := document.Parse(".json", a.body)
	if err != nil || n == nil || n.Kind != document.Object {
		return nil, clientProblem{
			Title: "Not the answer of a broker", Detail: name + ": want an object", Code: codeUnexpected,
		}.failure(fault.ExitFailed)
	}
	return n, nil
}

func haveProviders(ctx context.Context, b *bench) ([]stored, error) {
	n, err := b.ask(ctx, "listAvailableProviders", `{"include_registration": true, "include_health": false, "include_capabilities": false}`)
	if err != nil {
		return nil, err
	}
	var all []stored
	for _, p := range elems(n.Get("providers")) {
		r := p.Get("registration")
		if r == nil {
			return nil, notSupported("the broker is older than this client: listAvailableProviders does not know include_registration")
		}
		all = append(all, stored{name: p.Get("name").Text(), node: without(r, "draining"), leaving: r.Get("draining") != nil})
	}
	return all, nil
}

func haveTemplates(ctx context.Context, b *bench) ([]stored, error) {
	var all []stored
	for cursor := ""; ; {
		body := `{"limit": 1000}`
		if cursor != "" {
			body = fmt.Sprintf(`{"limit": 1000, "cursor": %q}`, cursor)
		}
		n, err := b.ask(ctx, "listTemplates", body)
		if err != nil {
			return nil, err
		}
		for _, t := range elems(n.Get("templates")) {
			s := stored{name: t.Get("template_id").Text(), node: without(t, "has_user_data", "version", "updated_at")}
			if h := t.Get("has_user_data"); h != nil && string(h.JSON) == "true" {
				s.hidden = true
				s.node.Keys = append(s.node.Keys, document.Key{Name: "keep_user_data"})
				s.node.Elems = append(s.node.Elems, h)
			}
			all = append(all, s)
		}
		if cursor = n.Get("next_cursor").Text(); cursor == "" {
			return all, nil
		}
	}
}

func haveConfiguration(ctx context.Context, b *bench) ([]stored, error) {
	n, err := b.ask(ctx, "getProviderStrategyConfig", `{}`)
	if err != nil {
		return nil, err
	}
	c := n.Get("configuration")
	if c == nil {
		return nil, nil
	}
	return []stored{{node: without(c, "version", "updated_at")}}, nil
}

func elems(n *document.Node) []*document.Node {
	if n == nil {
		return nil
	}
	return n.Elems
}

// without is a copy of an object without some keys.
func without(n *document.Node, names ...string) *document.Node {
	out := &document.Node{Kind: n.Kind, Line: n.Line}
	for i, k := range n.Keys {
		if !slices.Contains(names, k.Name) {
			out.Keys, out.Elems = append(out.Keys, k), append(out.Elems, n.Elems[i])
		}
	}
	return out
}
