package trace_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/trace"
)

// Whoever has something to tell looks whether anybody asked.
func Example() {
	r := trace.New(func() time.Time { return time.Unix(0, 0).UTC() }, nil)
	ctx := trace.With(context.Background(), r)
	if asked := trace.From(ctx); asked != nil {
		asked.Add(ctx, "verdict", slog.String("provider", "pool-a"), slog.Int("rank", 1))
	}
	fmt.Println(string(r.Close()[0]))
	// Output: {"time":"1970-01-01T00:00:00Z","level":"DEBUG","msg":"verdict","provider":"pool-a","rank":1}
}
