package trace

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// Bounds of one recorder: an answer that is asked for its trace grows by no
// more than this.
const (
	MaxLines = 256
	MaxBytes = 64 << 10
	MaxLine  = 4 << 10 // a longer line is left out
)

// Recorder keeps lines until it is closed. It is safe for concurrent use; what
// comes after [Recorder.Close] is dropped: work may go on when its answer has
// been given.
type Recorder struct {
	now   func() time.Time
	lines slog.Handler

	mu      sync.Mutex
	kept    []json.RawMessage
	bytes   int
	leftOut int
	closed  bool
}

// New makes a recorder. replace redacts, as of [slog.HandlerOptions].
func New(now func() time.Time, replace func([]string, slog.Attr) slog.Attr) *Recorder {
	r := &Recorder{now: now}
	r.lines = slog.NewJSONHandler(keeper{r}, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: replace})
	return r
}

// Add notes a line, in the form of a log's.
func (r *Recorder) Add(ctx context.Context, message string, attrs ...slog.Attr) {
	line := slog.NewRecord(r.now(), slog.LevelDebug, message, 0)
	line.AddAttrs(attrs...)
	// Its writer returns no error.
	_ = r.lines.Handle(ctx, line)
}

// Close returns the lines, and a last one that counts those that were left
// out, if any were.
func (r *Recorder) Close() []json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leftOut > 0 && !r.closed {
		last := `{"level":"WARN","msg":"lines were left out","count":` + strconv.Itoa(r.leftOut) + `}`
		r.kept = append(r.kept, json.RawMessage(last))
	}
	r.closed = true
	return r.kept
}

// keeper takes what the handler writes: one line per call.
type keeper struct{ r *Recorder }

func (k keeper) Write(line []byte) (int, error) {
	r, n := k.r, len(line)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
	case n > MaxLine, len(r.kept) == MaxLines, r.bytes+n > MaxBytes:
		r.leftOut++
	default:
		r.bytes += n
		r.kept = append(r.kept, append(json.RawMessage{}, line[:n-1]...)) // without its line end
	}
	return n, nil
}

type key struct{}

// With puts r into ctx; nil changes nothing.
func With(ctx context.Context, r *Recorder) context.Context {
	if r == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, r)
}

// From returns the recorder of ctx; nil: nobody asked.
func From(ctx context.Context) *Recorder {
	r, _ := ctx.Value(key{}).(*Recorder)
	return r
}
