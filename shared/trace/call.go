package trace

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// Call is a call of a store that is being noted. A nil one notes nothing.
type Call struct {
	ctx     context.Context // of the request
	r       *Recorder
	name    string
	key     string
	items   int
	started time.Time
}

// StoreCall begins to note a call of a store; nil when nobody asked.
func StoreCall(ctx context.Context, name string) *Call {
	r := From(ctx)
	if r == nil {
		return nil
	}
	return &Call{ctx: ctx, r: r, name: name, started: r.now()}
}

// On names the item that the call is about, or its partition. What callers
// chose as a key of theirs is left out.
func (c *Call) On(pk, sk string) {
	if c == nil {
		return
	}
	if kind, _, found := strings.Cut(pk, "#"); found && kind == "IDEM" {
		pk, sk = kind+"#...", ""
	}
	c.key = strings.TrimSuffix(pk+"/"+sk, "/")
}

// Items says how many items the call touched.
func (c *Call) Items(n int) {
	if c != nil {
		c.items = n
	}
}

// End notes the call. outcome is a word: "", a conflict, the code of an error.
func (c *Call) End(outcome string) {
	if c == nil {
		return
	}
	attrs := []slog.Attr{slog.String("call", c.name), slog.Float64("duration_ms", milliseconds(c.r.now().Sub(c.started)))}
	if c.key != "" {
		attrs = append(attrs, slog.String("item", c.key))
	}
	if c.items > 0 {
		attrs = append(attrs, slog.Int("items", c.items))
	}
	if outcome != "" {
		attrs = append(attrs, slog.String("outcome", outcome))
	}
	c.r.Add(c.ctx, "store call", attrs...)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
