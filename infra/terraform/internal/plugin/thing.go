package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// body is what the broker is sent or says, in its own words.
type body = map[string]any

// stored is what the broker has.
type stored struct {
	body    body
	version int64
	leaving bool // it is being taken out
	hidden  bool // there is user data, which is never shown
}

// thing is a row: what a resource stores.
type thing struct {
	name    string // of the resource, after ohfp_
	noun    string // for people
	summary string
	key     string // the field that names one; "": there is one, without a name
	schema  *wire.Schema
	care    shape.Care
	put     op.Spec
	// check says what is wrong with a request that needs no broker to be seen.
	check func(body) error
	// request turns what Terraform has into what put takes; shown turns it back.
	request func(body) body
	shown   func(body) (body, error)
	// kept returns what is stored once put has taken a request and answered.
	kept func(request body, answer json.RawMessage) (body, error)
	read func(ctx context.Context, c *api.Client, name string) (*stored, error)
	drop func(ctx context.Context, c *api.Client, name string, own map[string]any) error
	// path is where Terraform has a field that the broker names.
	path func(request body, field string) string
}

// things are the resources.
func things() ([]*thing, error) {
	var all []*thing
	for _, row := range []func() (*thing, error){providerThing, templateThing, strategyThing} {
		t, err := row()
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// called is what people call one.
func (t *thing) called(name string) string {
	if t.key == "" {
		return "the " + t.noun
	}
	return fmt.Sprintf("%s %q", t.noun, name)
}

func same(b body) body { return b }

func asShown(b body) (body, error) { return b, nil }

// decoded checks a request by the tags of the type that the operation takes.
func decoded[T any](spec op.Spec, b body) (T, error) {
	var in T
	data, err := json.Marshal(b)
	if err != nil {
		return in, fmt.Errorf("writing a request: %w", err)
	}
	if err := wire.Decode(data, &in, wire.Limits{Body: spec.MaxBody}); err != nil {
		return in, fmt.Errorf("checking a request of %s: %w", spec.Name, err)
	}
	return in, nil
}

func schemaOf[T any]() *wire.Schema { return wire.SchemaOf(reflect.TypeFor[T]()) }

// with returns b with one more member.
func with(b body, name string, v any) body {
	b = maps.Clone(b)
	b[name] = v
	return b
}

// settled is the longest that a process of the broker may go by what it read.
const settled = 2500 * time.Millisecond

// sure reads a thing, and reads again before it says that there is none.
func (t *thing) sure(ctx context.Context, c *api.Client, name string) (*stored, error) {
	s, err := t.read(ctx, c, name)
	if err != nil || s != nil {
		return s, err
	}
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("reading %s: %w", t.called(name), ctx.Err())
	case <-time.After(settled):
		return t.read(ctx, c, name)
	}
}
