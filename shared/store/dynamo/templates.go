package dynamo

import (
	"context"
	"errors"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Template returns one by id. not_found.
func (s *Store) Template(ctx context.Context, id string) (broker.Template, error) {
	t, found, err := read[broker.Template](ctx, s, schema.TemplateKey(id))
	if err == nil && !found {
		err = notFound("template", id)
	}
	return t, err
}

// Templates returns a page by id. A limit below 1 asks for 100; none gives
// more than 1,000. invalid_request for a cursor that is not of this list.
func (s *Store) Templates(ctx context.Context, p broker.Page) ([]broker.Template, string, error) {
	cur, err := schema.ParseCursor(p.Cursor, schema.TemplatePK)
	if err != nil {
		return nil, "", err
	}
	limit := schema.PageLimit(p)
	q := query{pk: schema.TemplatePK, limit: limit + 1}
	if cur.SK != "" {
		q.op, q.sk = ">", cur.SK
	}
	page, err := all[broker.Template](ctx, s, q)
	if err != nil {
		return nil, "", err
	}
	next := schema.Cursor{}
	if len(page) > limit {
		page = page[:limit]
		next = schema.Cursor(schema.TemplateKey(page[limit-1].ID))
	}
	return page, next.String(), nil
}

// versioned is the condition that a row has the version that its writer saw
// (0: none is there).
func versioned(seen int64) *expression {
	e := newExpression()
	if seen == 0 {
		e.when(e.absent(attrPK))
	} else {
		e.when(e.compare(attrVersion, "=", seen))
	}
	return e
}

// PutTemplate stores t if the stored version is t.Version (0: none). *Conflict
// with the stored Template, the zero one when there is none.
func (s *Store) PutTemplate(ctx context.Context, t broker.Template) (broker.Template, error) {
	condition := versioned(t.Version)
	t.Version++
	it, err := schema.Row(schema.TemplateKey(t.ID), t)
	if err != nil {
		return broker.Template{}, s.unavailable("writing a template", err)
	}
	if err := (&schema.Change{Put: []schema.Item{it}}).Check(); err != nil {
		return broker.Template{}, err
	}
	r := rowOf(it)
	r.Version = &t.Version
	err = s.put(ctx, r, condition)
	if refused, ok := errors.AsType[*refusal](err); ok {
		return broker.Template{}, s.templateConflict(refused, t.ID)
	}
	if err != nil {
		return broker.Template{}, err
	}
	return t, nil
}

func (s *Store) templateConflict(refused *refusal, id string) error {
	old, err := stored[broker.Template](refused.item)
	if err != nil {
		return s.unavailable("reading a template", err)
	}
	return conflict(old, "template %q", id)
}

// DeleteTemplate removes one. not_found. It is a transaction of one: only that
// can be repeated and still tell its own deletion from another's.
func (s *Store) DeleteTemplate(ctx context.Context, id string) error {
	if !readable(schema.TemplateKey(id)) {
		return notFound("template", id)
	}
	w := deleting(schema.TemplateKey(id))
	w.e = newExpression()
	w.e.when(w.e.exists(attrPK))
	w.refused = func(attributes) error { return notFound("template", id) }
	return s.transact(ctx, "deleting a template", []write{w})
}
