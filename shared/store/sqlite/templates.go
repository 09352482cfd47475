package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Template returns one by id. not_found.
func (s *Store) Template(ctx context.Context, id string) (broker.Template, error) {
	t, found, err := readOne[broker.Template](ctx, s, schema.TemplateKey(id))
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
	items, err := s.query(ctx, sqlAfter, schema.TemplatePK, cur.SK, limit+1)
	if err != nil {
		return nil, "", err
	}
	next := schema.Cursor{}
	if len(items) > limit {
		items = items[:limit]
		next = schema.Cursor(items[limit-1].Key)
	}
	page, err := decodeAll[broker.Template](items)
	return page, next.String(), err
}

// PutTemplate stores t if the stored version is t.Version (0: none). *Conflict
// with the stored Template, the zero one when there is none.
func (s *Store) PutTemplate(ctx context.Context, t broker.Template) (broker.Template, error) {
	err := s.change(ctx, schema.PutTemplate, func(v *view) (c schema.Change, err error) {
		old, _, err := lookUp[broker.Template](v, schema.TemplateKey(t.ID))
		if err != nil {
			return c, err
		}
		if old.Version != t.Version {
			return c, conflict(old, "template %q", t.ID)
		}
		t.Version++
		row, err := schema.Row(schema.TemplateKey(t.ID), t)
		if err != nil {
			return c, err
		}
		c.Put = []schema.Item{row}
		c.Audits, err = broker.TemplateAudit(stored(old.Version, &old), &t, t.Actor)
		return c, err
	})
	if err != nil {
		return broker.Template{}, err
	}
	return t, nil
}

// DeleteTemplate removes one for by. not_found.
func (s *Store) DeleteTemplate(ctx context.Context, id string, by broker.Actor) error {
	return s.change(ctx, schema.DeleteTemplate, func(v *view) (c schema.Change, err error) {
		old, found, err := lookUp[broker.Template](v, schema.TemplateKey(id))
		if err != nil {
			return c, err
		}
		if !found {
			return c, notFound("template", id)
		}
		c.Delete = []schema.Key{schema.TemplateKey(id)}
		c.Audits, err = broker.TemplateAudit(&old, nil, by)
		return c, err
	})
}
