package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

const driver = "sqlite"

// checkBelow is the size up to which a database is checked whole at open: it
// takes about 100 ms. Damage in a larger one shows at the verb that meets it.
const checkBelow = 16 << 20

// connection is one writing connection with its statements.
type connection struct {
	*sql.Conn
	db    *sql.DB
	begin *sql.Stmt
	end   *sql.Stmt
	stmts map[string]*sql.Stmt
}

// dsn names the database with pragmas that every connection sets when it opens.
func dsn(path string, o Options, pragmas ...string) string {
	q := url.Values{}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", o.BusyTimeout.Milliseconds()))
	q.Add("_pragma", "trusted_schema(0)")
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// openWriting opens a connection that syncs as asked. Folding the log back is
// the writer's business, so it is never done inside a verb's commit. The
// fullfsync pragmas matter on macOS only, where fsync does not reach the disk.
func openWriting(ctx context.Context, path string, o Options, synchronous string) (*connection, error) {
	pragmas := append(beginning(path), "journal_mode(WAL)", "synchronous("+synchronous+")",
		"wal_autocheckpoint(0)", "fullfsync(1)", "checkpoint_fullfsync(1)", "cache_size(-4096)")
	db, err := sql.Open(driver, dsn(path, o, pragmas...))
	if err != nil {
		return nil, err
	}
	c := &connection{db: db, stmts: map[string]*sql.Stmt{}}
	db.SetMaxOpenConns(1)
	if c.Conn, err = db.Conn(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return c, nil
}

// beginning is what only an empty file takes: of any other it would be a write,
// before it is known what the file is.
func beginning(path string) []string {
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return nil
	}
	return []string{"auto_vacuum(INCREMENTAL)"}
}

// prepare prepares what the connection will run again and again.
func (c *connection) prepare(ctx context.Context) (err error) {
	if c.begin, err = c.PrepareContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if c.end, err = c.PrepareContext(ctx, "COMMIT"); err != nil {
		return err
	}
	for _, q := range writeStatements() {
		if c.stmts[q], err = c.PrepareContext(ctx, q); err != nil {
			return fmt.Errorf("preparing %q: %w", q, err)
		}
	}
	return nil
}

// close also closes the statements: database/sql leaves those of a [sql.Conn] to
// who prepared them, and SQLite keeps the files open as long as there is one.
func (c *connection) close() error {
	if c == nil {
		return nil
	}
	var errs []error
	for _, s := range append(slices.Collect(maps.Values(c.stmts)), c.begin, c.end) {
		if s != nil { // else the opening failed before
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, c.Conn.Close(), c.db.Close())...)
}

// opening names the file in what went wrong while opening it.
func opening(path string, err error) error {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & primary {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return damaged(path, err)
		}
	}
	return unavailable("opening "+path, err)
}

// identify checks that the file is a sound database of a broker, of a layout
// that is known, and makes one of an empty file.
func identify(ctx context.Context, c *connection, path string, now time.Time) error {
	if journal, err := text(ctx, c, "PRAGMA journal_mode"); err != nil {
		return opening(path, err)
	} else if journal != "wal" {
		return refuse(nil, "The file system of %s does not allow a write-ahead log. Choose a data directory on a local disk with --data-dir.", path)
	}
	tables, err := number(ctx, c, "SELECT count(*) FROM sqlite_schema")
	if err != nil {
		return opening(path, err)
	}
	if tables == 0 {
		return opening(path, create(ctx, c, now))
	}
	if err := checkLayout(ctx, c, path); err != nil {
		return err
	}
	if err := checkWhole(ctx, c, path); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, expiryIndex)
	return opening(path, err)
}

func checkLayout(ctx context.Context, c *connection, path string) error {
	app, err := number(ctx, c, "PRAGMA application_id")
	if err != nil {
		return opening(path, err)
	}
	if app != applicationID {
		return refuse(nil, "%s is the database of another program. Choose another data directory with --data-dir.", path)
	}
	version, err := number(ctx, c, "PRAGMA user_version")
	if err != nil {
		return opening(path, err)
	}
	if version > schema.Version {
		return refuse(nil, "%s was written by a newer ohfpd (layout %d; this one knows %d). Use that version, or restore a copy from before.", path, version, schema.Version)
	}
	return nil
}

// checkWhole looks for damage. It reads the whole file, so a large one is
// left unread.
func checkWhole(ctx context.Context, c *connection, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return opening(path, err)
	}
	if info.Size() > checkBelow {
		return nil
	}
	found, err := text(ctx, c, "PRAGMA quick_check(1)")
	if err != nil {
		return opening(path, err)
	}
	if found != "ok" {
		return damaged(path, errors.New(found))
	}
	return nil
}

// create makes the table and the broker's identity, all or nothing.
func create(ctx context.Context, c *connection, now time.Time) error {
	items, err := firstItems(now)
	if err != nil {
		return err
	}
	tx, err := c.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, ddl(schema.Table())+expiryIndex)
	for i := 0; i < len(items) && err == nil; i++ {
		_, err = tx.ExecContext(ctx, sqlInsert, columns(items[i])...)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func firstItems(now time.Time) ([]schema.Item, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, err
	}
	meta := broker.Meta{ID: id.String(), CreatedAt: now.UTC(), Schema: schema.Version}
	one, err := schema.Row(schema.BrokerKey(), meta)
	if err != nil {
		return nil, err
	}
	two, err := schema.Row(schema.LayoutKey(), map[string]int{"version": schema.Version})
	return []schema.Item{one, two}, err
}

// Meta returns the broker's identity, made with the store.
func (s *Store) Meta(ctx context.Context) (broker.Meta, error) {
	m, found, err := readOne[broker.Meta](ctx, s, schema.BrokerKey())
	if err == nil && !found {
		return m, fault.New(fault.StoreUnavailable, "The database has no identity. %s", restore)
	}
	return m, err
}

type asker interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func text(ctx context.Context, c asker, query string) (s string, err error) {
	err = c.QueryRowContext(ctx, query).Scan(&s)
	return strings.ToLower(s), err
}

func number(ctx context.Context, c asker, query string) (n int, err error) {
	err = c.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}
