package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Statements are all that verbs run.
func Statements() []string { return slices.Concat(writeStatements(), readStatements()) }

// Plan asks SQLite how it would run a statement.
func (s *Store) Plan(ctx context.Context, q string) (plan []string, err error) {
	rows, err := s.readers.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q, 1, 2, 3, 4, 5, 6, 7, 8)
	if err != nil {
		return nil, fmt.Errorf("explaining %q: %w", q, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		plan = append(plan, detail)
	}
	return plan, rows.Err()
}

// OnChange has f called with what each verb writes.
func (s *Store) OnChange(f func(verb string, c schema.Change)) { s.changed = f }

// Dir is where the store is.
func (s *Store) Dir() string { return s.dir }
