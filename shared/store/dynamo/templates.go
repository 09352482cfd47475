package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
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

// templateTries bounds how often a template is read again because others
// changed it before it was deleted.
const templateTries = 16

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
	old, _, err := read[broker.Template](ctx, s, schema.TemplateKey(t.ID))
	if err != nil {
		return broker.Template{}, err
	}
	if old.Version != t.Version {
		return broker.Template{}, conflict(old, "template %q", t.ID)
	}
	t.Version++
	if err := s.putTemplate(ctx, &old, t); err != nil {
		return broker.Template{}, err
	}
	return t, nil
}

// putTemplate writes t in the place of old.
func (s *Store) putTemplate(ctx context.Context, old *broker.Template, t broker.Template) error {
	it, err := schema.Row(schema.TemplateKey(t.ID), t)
	if err != nil {
		return s.unavailable("writing a template", err)
	}
	audits, err := broker.TemplateAudit(known(old.Version, old), &t, t.Actor)
	if err != nil {
		return s.unavailable("writing a template", err)
	}
	one := replacing[broker.Template](s, it, old.Version, fmt.Sprintf("template %q", t.ID))
	return s.transact(ctx, "writing a template", append([]write{one}, auditing(audits)...))
}

// errReplaced is a template that was written since it was read.
var errReplaced = errors.New("the template was written meanwhile")

// DeleteTemplate removes one for by. not_found. It is a transaction: only that
// can be repeated and still tell its own deletion from another's.
func (s *Store) DeleteTemplate(ctx context.Context, id string, by broker.Actor) error {
	for range templateTries {
		old, err := s.Template(ctx, id)
		if err != nil {
			return err
		}
		if err := s.deleteTemplate(ctx, &old, by); !errors.Is(err, errReplaced) {
			return err
		}
	}
	return fault.New(fault.StoreUnavailable, "Template %q is changed by others faster than it can be deleted.", id)
}

// deleteTemplate removes old. errReplaced: another is stored now, or none.
func (s *Store) deleteTemplate(ctx context.Context, old *broker.Template, by broker.Actor) error {
	audits, err := broker.TemplateAudit(old, nil, by)
	if err != nil {
		return s.unavailable("deleting a template", err)
	}
	w := deleting(schema.TemplateKey(old.ID))
	w.e = versioned(old.Version)
	w.refused = func(attributes) error { return errReplaced }
	return s.transact(ctx, "deleting a template", append([]write{w}, auditing(audits)...))
}
