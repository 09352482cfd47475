package sqlite

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Bounds of the writer.
const (
	maxBatch      = 64   // verbs per commit: bounds what the first of them waits for
	maxLogWrites  = 1000 // items written before the log is folded back: about 6 MB of log
	commitOverlay = 1    // what a commit adds to the log beside its items
)

// work reads and checks what one verb needs, and returns what it would write.
// It may return both a change and an error for the caller.
type work func(v *view) (schema.Change, error)

// job is one verb on its way through the writer.
type job struct {
	ctx   context.Context
	do    work
	done  func(schema.Change)
	taken bool // by a batch; guarded by writer.mu
	err   error
	ready chan struct{}
}

// writer carries verbs out, one after another, each in full or not at all.
// One goroutine owns both connections. What it has begun it ends: no caller's
// context reaches the database.
type writer struct {
	ledger, swift *connection
	synced        func()
	kept          schema.Retention
	now           func() time.Time
	told          time.Time // in the newest id of an event or of an entry of the audit trail

	mu      sync.Mutex
	durable []*job
	quick   []*job
	closed  bool
	wake    chan struct{}
	stopped chan struct{}
	unfold  int // items in the log that are not yet in the database
}

func (w *writer) start(ctx context.Context) error {
	for _, c := range []*connection{w.ledger, w.swift} {
		if err := c.prepare(ctx); err != nil {
			return unavailable("preparing statements", err)
		}
	}
	w.wake, w.stopped = make(chan struct{}, 1), make(chan struct{})
	go w.run()
	return nil
}

// submit has j carried out and waits for its result. A caller that gives up
// before its verb began leaves without a trace; after that it waits for the
// answer, so that it always knows what happened.
func (w *writer) submit(j *job, durable bool) error {
	j.ready = make(chan struct{})
	if err := w.enqueue(j, durable); err != nil {
		return err
	}
	select {
	case <-j.ready:
	case <-j.ctx.Done():
		if w.withdraw(j) {
			return j.ctx.Err()
		}
		<-j.ready
	}
	return j.err
}

func (w *writer) enqueue(j *job, durable bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errClosed
	}
	if durable {
		w.durable = append(w.durable, j)
	} else {
		w.quick = append(w.quick, j)
	}
	w.signal()
	return nil
}

// signal wakes the goroutine; mu is held.
func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

func (w *writer) withdraw(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j.taken {
		return false
	}
	is := func(o *job) bool { return o == j }
	w.durable, w.quick = slices.DeleteFunc(w.durable, is), slices.DeleteFunc(w.quick, is)
	return true
}

// take removes the verbs of the next batch from a queue.
func (w *writer) take(queue *[]*job) []*job {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(*queue), maxBatch)
	batch := slices.Clone((*queue)[:n])
	*queue = slices.Delete(*queue, 0, n)
	for _, j := range batch {
		j.taken = true
	}
	return batch
}

func (w *writer) waiting(queue *[]*job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(*queue) > 0
}

func (w *writer) run() {
	defer close(w.stopped)
	for range w.wake {
		for w.waiting(&w.quick) || w.waiting(&w.durable) {
			w.commitNext(w.swift, &w.quick)
			w.commitNext(w.ledger, &w.durable)
			w.foldWhenLong()
		}
	}
}

// commitNext carries the next verbs of a queue out in one transaction, and
// tells their callers. The verbs are taken once the database is locked: until
// then callers may still leave.
func (w *writer) commitNext(c *connection, queue *[]*job) {
	if !w.waiting(queue) {
		return
	}
	_, err := c.begin.ExecContext(context.Background())
	batch := w.take(queue)
	if err == nil {
		err = w.carryOut(c, batch)
	}
	for _, j := range batch {
		if err != nil {
			j.err = err
		}
		close(j.ready)
	}
}

// carryOut runs a batch in the open transaction and commits it. When it
// fails, nothing of the batch happened, and no verdict of it stands: it may
// rest on what another verb of the batch wrote.
func (w *writer) carryOut(c *connection, batch []*job) error {
	for _, j := range batch {
		if err := w.carryOutOne(c, j); err != nil {
			return c.rollback(err)
		}
	}
	if _, err := c.end.ExecContext(context.Background()); err != nil {
		return c.rollback(err)
	}
	if c == w.ledger {
		w.synced()
	}
	w.unfold += commitOverlay
	return nil
}

func (w *writer) carryOutOne(c *connection, j *job) error {
	v := &view{c: c, kept: w.kept}
	change := j.decide(v)
	if v.failed != nil {
		return v.failed
	}
	if err := w.tell(v, &change); err != nil {
		return err
	}
	if err := v.apply(change); err != nil {
		return err
	}
	w.unfold += change.Len()
	j.done(change)
	return nil
}

// decide lets the verb say what it would write, and keeps its error for the
// caller. A caller who has gone meanwhile wants nothing written.
func (j *job) decide(v *view) (c schema.Change) {
	if j.err = j.ctx.Err(); j.err == nil {
		c, j.err = j.do(v)
	}
	if err := c.Check(); err != nil {
		c, j.err = schema.Change{}, err
	}
	return c
}

// rollback ends the transaction after cause. SQLite may have ended it
// already; then its complaint is of no interest but to the log.
func (c *connection) rollback(cause error) error {
	_, err := c.ExecContext(context.Background(), "ROLLBACK")
	return errors.Join(cause, err)
}

// foldWhenLong copies the log back into the database when it has grown. Both
// are synced on the way: first the log, then the database.
func (w *writer) foldWhenLong() {
	if w.unfold < maxLogWrites {
		return
	}
	w.unfold = 0
	w.synced()
	// A fold that fails or finds readers in its way loses nothing: the log is
	// kept, and the next one goes on.
	_, _ = w.ledger.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
	w.synced()
}

// stop lets the goroutine end. Verbs that wait are refused.
func (w *writer) stop() {
	w.mu.Lock()
	first := !w.closed
	w.closed = true
	refused := slices.Concat(w.quick, w.durable)
	w.quick, w.durable = nil, nil
	for _, j := range refused {
		j.taken, j.err = true, errClosed
		close(j.ready)
	}
	if first && w.wake != nil {
		close(w.wake)
	}
	w.mu.Unlock()
	if w.stopped != nil {
		<-w.stopped
	}
}

// close folds the log and closes both connections.
func (w *writer) close() error {
	var errs []error
	if w.ledger != nil && w.wake != nil {
		_, err := w.ledger.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
		errs = append(errs, err)
	}
	errs = append(errs, w.swift.close(), w.ledger.close())
	w.swift, w.ledger = nil, nil
	return errors.Join(errs...)
}
