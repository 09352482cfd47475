package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Store is a broker's state in one file. Its methods are safe for concurrent
// use.
type Store struct {
	dir     string
	now     func() time.Time
	kept    schema.Retention
	lock    *os.File
	readers *sql.DB
	read    map[string]*sql.Stmt
	writer  *writer
	durable map[string]bool // by verb
	changed func(verb string, c schema.Change)
	packer  schema.Packer
}

var _ broker.Store = (*Store)(nil)

// Open opens the store in dir, and makes both when they are not there. It
// refuses a directory that another process uses or that is on a network file
// system, a database that is damaged or is none, and one of a newer layout:
// each a store_unavailable that names the path and the remedy.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, unavailable("finding the data directory", err)
	}
	lock, err := claimDirectory(dir, o)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, now: o.Now, kept: schema.Retention{Operations: o.OperationsKept, Machines: o.MachinesKept, Audit: o.AuditKept}, lock: lock, durable: map[string]bool{}, changed: func(string, schema.Change) {}}
	for _, v := range schema.Verbs() {
		s.durable[v.Name] = v.Durable
	}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	path := filepath.Join(s.dir, DatabaseFile)
	if err := prepareFile(path); err != nil {
		return err
	}
	ledger, err := openWriting(ctx, path, o, "FULL")
	if err != nil {
		return opening(path, err)
	}
	s.writer = &writer{ledger: ledger, synced: o.Synced, now: s.now, kept: s.kept}
	if err := identify(ctx, ledger, path, s.now()); err != nil {
		return err
	}
	if s.writer.swift, err = openWriting(ctx, path, o, "NORMAL"); err != nil {
		return opening(path, err)
	}
	if err := s.openReaders(ctx, path, o); err != nil {
		return opening(path, err)
	}
	if s.writer.told, err = s.lastTold(ctx); err != nil {
		return opening(path, err)
	}
	return s.writer.start(ctx)
}

func (s *Store) openReaders(ctx context.Context, path string, o Options) (err error) {
	s.readers, err = sql.Open(driver, dsn(path, o, "query_only(1)", "cache_size(-1024)"))
	if err != nil {
		return err
	}
	s.readers.SetMaxOpenConns(o.Readers)
	s.readers.SetMaxIdleConns(o.Readers)
	s.read = map[string]*sql.Stmt{}
	for _, q := range readStatements() {
		if s.read[q], err = s.readers.PrepareContext(ctx, q); err != nil {
			return fmt.Errorf("preparing %q: %w", q, err)
		}
	}
	return nil
}

// seen is what readers see now.
func (s *Store) seen() schema.View { return schema.View{Retention: s.kept, Now: s.now()} }

// Close ends the writer after what it has begun, folds the log into the
// database, and frees the directory. Verbs that still wait are told that the
// store is closed. It may be called twice.
func (s *Store) Close() error {
	var errs []error
	if s.writer != nil {
		s.writer.stop()
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return errors.Join(errs...)
}

// Durability is how the writing connections sync, as SQLite reports it.
type Durability struct {
	Journal  string // "wal"
	Ledger   int    // PRAGMA synchronous: 2 is FULL
	Counters int    // 1 is NORMAL
}

// Durability asks the connections how they sync.
func (s *Store) Durability(ctx context.Context) (d Durability, err error) {
	if d.Journal, err = text(ctx, s.writer.ledger, "PRAGMA journal_mode"); err != nil {
		return d, unavailable("asking for the journal mode", err)
	}
	if d.Ledger, err = number(ctx, s.writer.ledger, "PRAGMA synchronous"); err != nil {
		return d, unavailable("asking how the ledger syncs", err)
	}
	d.Counters, err = number(ctx, s.writer.swift, "PRAGMA synchronous")
	return d, unavailable("asking how the counters sync", err)
}
