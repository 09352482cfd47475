package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// Document returns the OpenAPI 3.1 document of the operations that have
// routes, in the catalogue's order. It is the same at each call.
func Document(ops []op.Described, version string) ([]byte, error) {
	b := builder{names: map[string]*wire.Schema{}, requests: map[string]bool{}}
	b.markRequests(ops)
	var paths members
	for _, o := range ops {
		paths = append(paths, b.paths(o)...)
	}
	doc := members{
		{"openapi", "3.1.0"},
		{"info", members{
			{"title", "Open Host Factory provider broker"},
			{"version", version},
			{"description", "Chooses a provider at run time, carries operations out with failover, and never makes a machine twice."},
			{"license", members{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}},
		}},
		{"servers", []members{{{"url", "http://127.0.0.1:8080"}, {"description", "The broker on one machine."}}}},
		{"security", []members{{{"bearer", []string{}}}}},
		{"tags", []members{
			{{"name", "commands"}, {"description", "Change something."}},
			{{"name", "queries"}, {"description", "Read."}},
		}},
		{"paths", paths},
		{"components", b.components()},
	}
	return indent(doc)
}

func indent(doc members) ([]byte, error) {
	flat, err := doc.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(flat), "", "  "); err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// paths returns the path item of an operation; none for a step.
func (b *builder) paths(o op.Described) members {
	spec := o.Describe()
	routes := op.Routes(spec)
	if len(routes) == 0 {
		return nil
	}
	var item members
	for _, r := range routes {
		if r.Method == "GET" {
			item.add("get", b.operation(o, "get"))
			continue
		}
		item.add("post", b.operation(o, "post"))
	}
	return members{{routes[0].Path, item}}
}

func (b *builder) operation(o op.Described, method string) members {
	spec := o.Describe()
	in, _ := o.Types()
	id, tag := spec.Name, "commands"
	if spec.Kind == op.Query {
		tag = "queries"
		if method == "post" {
			id += "ByPost"
		}
	}
	m := members{{"operationId", id}, {"tags", []string{tag}}, {"summary", spec.Summary}}
	m.addText("description", spec.Detail)
	m.add("parameters", b.parameters(spec, wire.SchemaOf(in), method))
	if method == "post" {
		m.add("requestBody", b.requestBody(spec, wire.SchemaOf(in)))
	}
	m.add("responses", b.responses(o))
	m.add("x-ohfp-role", roles[spec.Role])
	return m
}

var roles = map[op.Role]string{op.Reader: "reader", op.Scheduler: "scheduler", op.Operator: "operator", op.Admin: "admin"}

func (b *builder) parameters(spec op.Spec, in *wire.Schema, method string) []members {
	refs := []members{{{"$ref", "#/components/parameters/RequestId"}}}
	if spec.Kind == op.Command {
		refs = append(refs, members{{"$ref", "#/components/parameters/IdempotencyKey"}})
	}
	if spec.Async {
		refs = append(refs, members{{"$ref", "#/components/parameters/Prefer"}})
	}
	if method != "get" {
		return refs
	}
	for _, f := range in.Fields {
		if f.Planned == "" {
			refs = append(refs, b.queryParameter(f))
		}
	}
	return refs
}

func (b *builder) queryParameter(f *wire.Field) members {
	p := members{{"name", f.Name}, {"in", "query"}}
	p.addText("description", f.Doc)
	p.add("required", f.Required)
	schema := b.field(f, false)
	switch f.Schema.Type {
	case wire.Object, wire.Map, wire.Any:
		p.add("content", members{{"application/json", members{{"schema", schema}}}})
	default:
		p.add("schema", schema)
	}
	return p
}

func (b *builder) requestBody(spec op.Spec, in *wire.Schema) members {
	media := members{{"schema", b.ref(in)}}
	var examples members
	for i, e := range spec.Examples {
		if e.Body != "" {
			examples.add("example"+strconv.Itoa(i+1), members{{"summary", e.Title}, {"value", json.RawMessage(e.Body)}})
		}
	}
	if len(examples) > 0 {
		media.add("examples", examples)
	}
	required := slices.ContainsFunc(in.Fields, func(f *wire.Field) bool { return f.Required })
	return members{{"required", required}, {"content", members{{"application/json", media}}}}
}

func (b *builder) responses(o op.Described) members {
	spec := o.Describe()
	_, out := o.Types()
	answer := members{{"application/json", members{{"schema", b.ref(wire.SchemaOf(out))}}}}
	echo := members{{"X-Request-Id", members{{"$ref", "#/components/headers/RequestId"}}}}
	r := members{{"200", members{{"description", "Done."}, {"headers", echo}, {"content", answer}}}}
	if spec.Async {
		headers := append(slices.Clone(echo), member{"Location", members{{"$ref", "#/components/headers/Location"}}})
		r.add("202", members{{"description", "Accepted; the work goes on."}, {"headers", headers}, {"content", answer}})
	}
	return append(r, problems(spec)...)
}

// always are the codes that every operation may answer, and keyed those of
// commands, which take an idempotency key.
var (
	always = []fault.Code{
		fault.InvalidRequest, fault.NotSupported, fault.Unauthenticated, fault.Forbidden, fault.TooLarge,
		fault.Internal, fault.StoreUnavailable,
	}
	keyed = []fault.Code{fault.OperationInProgress, fault.IdempotencyKeyReused}
)

// problems returns one response per status, naming the codes behind it.
func problems(spec op.Spec) members {
	codes := slices.Concat(always, spec.Faults)
	if spec.Kind == op.Command {
		codes = append(codes, keyed...)
	}
	said := map[int]string{}
	for _, c := range fault.Codes() { // the table's order, each once
		if !slices.Contains(codes, c) {
			continue
		}
		if said[c.Status()] != "" {
			said[c.Status()] += " "
		}
		said[c.Status()] += "`" + string(c) + "`: " + c.Title() + "."
	}
	statuses := make([]int, 0, len(said))
	for status := range said {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	var r members
	for _, status := range statuses {
		r.add(strconv.Itoa(status), members{
			{"description", said[status]},
			{"content", members{{op.ProblemType, members{{"schema", members{{"$ref", "#/components/schemas/Problem"}}}}}}},
		})
	}
	return r
}
