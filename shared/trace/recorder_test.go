package trace_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/trace"
)

func clock() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func text(lines []json.RawMessage) string {
	var b strings.Builder
	for _, l := range lines {
		b.Write(l)
		b.WriteByte('\n')
	}
	return b.String()
}

func TestWhatIsToldComesOutAsLinesOfALog(t *testing.T) {
	r := trace.New(clock, nil)
	r.Add(t.Context(), "ticket", slog.String("scope", "s"), slog.Int("ticket", 3))
	c := trace.StoreCall(trace.With(t.Context(), r), "GetItem")
	c.On("REG", "CFG")
	c.Items(2)
	c.End("conflict")
	want := `{"time":"2026-03-01T12:00:00Z","level":"DEBUG","msg":"ticket","scope":"s","ticket":3}
{"time":"2026-03-01T12:00:00Z","level":"DEBUG","msg":"store call","call":"GetItem","duration_ms":0,"item":"REG/CFG","items":2,"outcome":"conflict"}
`
	if diff := cmp.Diff(want, text(r.Close())); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestAKeyThatACallerChoseIsLeftOut(t *testing.T) {
	r := trace.New(clock, nil)
	c := trace.StoreCall(trace.With(t.Context(), r), "GetItem")
	c.On("IDEM#local#executeProviderOperation#canary", "-")
	c.End("")
	if got := text(r.Close()); strings.Contains(got, "canary") || !strings.Contains(got, `"item":"IDEM#..."`) {
		t.Errorf("got %s", got)
	}
}

func TestTheRecorderIsBoundedInLinesAndBytesAndSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		lines, length int
		kept          int
		last          string
	}{
		"many short lines": {trace.MaxLines + 7, 1, trace.MaxLines + 1, `{"level":"WARN","msg":"lines were left out","count":7}`},
		"a long line":      {1, trace.MaxLine, 1, `{"level":"WARN","msg":"lines were left out","count":1}`},
		"many long lines":  {40, trace.MaxLine / 2, 32, `{"level":"WARN","msg":"lines were left out","count":9}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := trace.New(clock, nil)
			for range c.lines {
				r.Add(t.Context(), strings.Repeat("x", c.length))
			}
			got := r.Close()
			if len(got) != c.kept {
				t.Errorf("got %d lines, want %d", len(got), c.kept)
			}
			if n := len(text(got)); n > trace.MaxBytes+100 {
				t.Errorf("got %d bytes", n)
			}
			if c.last != "" && string(got[len(got)-1]) != c.last {
				t.Errorf("the last is %s, want %s", got[len(got)-1], c.last)
			}
		})
	}
}

func TestWhatComesAfterTheEndIsDropped(t *testing.T) {
	r := trace.New(clock, nil)
	r.Add(t.Context(), "before")
	r.Close()
	r.Add(t.Context(), "after")
	if got := r.Close(); len(got) != 1 {
		t.Errorf("got %s", text(got))
	}
}

func TestSeveralMayTellAtOnce(t *testing.T) {
	r := trace.New(clock, nil)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { r.Add(t.Context(), fmt.Sprint(i)) })
	}
	wg.Wait()
	if got := r.Close(); len(got) != 20 {
		t.Errorf("got %d lines, want 20", len(got))
	}
}

func TestWhenNobodyAskedTellingCostsNothing(t *testing.T) {
	ctx := trace.With(t.Context(), nil)
	if trace.From(ctx) != nil {
		t.Fatal("there is a recorder")
	}
	if n := testing.AllocsPerRun(100, func() {
		c := trace.StoreCall(ctx, "GetItem")
		c.On("REG", "CFG")
		c.Items(1)
		c.End("")
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

func BenchmarkWhenNobodyAsked(b *testing.B) {
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		c := trace.StoreCall(ctx, "GetItem")
		c.On("REG", "CFG")
		c.End("")
	}
}
