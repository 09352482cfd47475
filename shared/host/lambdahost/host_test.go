package lambdahost_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
)

// gate is an opener that fails until it is mended, and counts its calls.
type gate struct {
	err   error
	panic bool
	calls int
}

func (g *gate) open(context.Context) (zoo, error) {
	g.calls++
	if g.panic {
		panic("no keys")
	}
	return zoo{}, g.err
}

func TestWhatCannotBeOpenedIsTriedAgainByTheNextInvocation(t *testing.T) {
	g := &gate{err: errors.New(secretCause)}
	h, log := opening(feed, g.open)
	h.Warm(t.Context())
	a := ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"bear"}`)
	if p := problemOf(t, a); a.StatusCode != 500 || p.Code != "internal" || strings.Contains(a.Body, secretCause) {
		t.Errorf("%d %s", a.StatusCode, a.Body)
	}
	if got := strings.Count(log.String(), secretCause); got != 2 {
		t.Errorf("the cause is in the log %d times, want once per try:\n%s", got, log)
	}
	g.err = nil
	for range 2 {
		if a := ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"bear"}`); a.StatusCode != 200 {
			t.Errorf("%d %s", a.StatusCode, a.Body)
		}
	}
	if g.calls != 3 {
		t.Errorf("opened %d times, want: warming, the failed invocation, the next", g.calls)
	}
}

func TestAnOpenersFaultKeepsItsCode(t *testing.T) {
	g := &gate{err: fault.New(fault.StoreUnavailable, "There is no table %q.", "broker")}
	h, _ := opening(feed, g.open)
	a := ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"bear"}`)
	if p := problemOf(t, a); a.StatusCode != 503 || p.Code != "store_unavailable" || p.Detail != `There is no table "broker".` {
		t.Errorf("%d %+v", a.StatusCode, p)
	}
}

func TestWhatSomebodyHasToMendIsAnErrorInTheLogOnce(t *testing.T) {
	down, throttled := fault.New(fault.StoreUnavailable, "There is no table."), fault.New(fault.StoreUnavailable, "Slow down.")
	throttled.Err, throttled.RetryAfter = errors.New(secretCause), time.Second
	for name, tc := range map[string]struct {
		opened error
		animal string
		want   map[string]int // lines by level, beside the access line
	}{
		"a store that is not there":            {down, "bear", map[string]int{"ERROR": 1}},
		"a store that comes back by itself":    {throttled, "bear", map[string]int{"WARN": 1}},
		"a mistake of ours":                    {nil, "ghost", map[string]int{"ERROR": 1}},
		"a panic":                              {nil, "lion", map[string]int{"ERROR": 1}},
		"a conflict, which the caller is told": {nil, "tiger", map[string]int{}},
	} {
		g := &gate{err: tc.opened}
		h, log := opening(feed, g.open)
		ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"`+tc.animal+`"}`)
		for _, level := range []string{"ERROR", "WARN"} {
			if got := strings.Count(log.String(), `"level":"`+level+`"`); got != tc.want[level] {
				t.Errorf("%s: %d lines of %s, want %d:\n%s", name, got, level, tc.want[level], log)
			}
		}
	}
}

func TestAnOpenerThatPanicsFailsItsInvocationOnly(t *testing.T) {
	g := &gate{panic: true}
	h, _ := opening(step, g.open)
	h.Warm(t.Context())
	_, err := h.Invoke(inLambda(t), []byte(`{"animal":"bear"}`))
	if got := typedError(t, err).Type; got != "Ohfp.Internal" {
		t.Errorf("type = %q", got)
	}
	g.panic = false
	if _, err := h.Invoke(inLambda(t), []byte(`{"animal":"bear"}`)); err != nil {
		t.Errorf("after the panic: %v", err)
	}
}

func TestAHandlerEndsBeforeTheFunctionIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := hosting(feed)
		ctx, cancel := context.WithTimeout(inLambda(t), 3*time.Second)
		defer cancel()
		began := time.Now()
		out, err := h.Invoke(ctx, request(t, "POST", "/v1/commands/feedAnimal", `{"animal":"sloth"}`))
		if err != nil || !bytes.Contains(out, []byte(`"statusCode":500`)) {
			t.Errorf("%s, %v", out, err)
		}
		if took := time.Since(began); took != 2750*time.Millisecond {
			t.Errorf("answered after %s, want a quarter of a second before the end", took)
		}
	})
}

func TestMetricsCountDurationAndFailure(t *testing.T) {
	var out bytes.Buffer
	env := func(name string) string { return map[string]string{"POWERTOOLS_METRICS_NAMESPACE": "Broker"}[name] }
	now := fixedNow()
	tracer := &spans{}
	h := lambdahost.New(lambdahost.Config{
		Operation: feed, Open: lambdahost.Binding(feed, openZoo), Log: telemetry.New(&bytes.Buffer{}, slog.LevelInfo),
		Now:     func() time.Time { now = now.Add(4 * time.Millisecond); return now },
		Metrics: telemetry.LambdaMetrics(&out, env, fixedNow), Tracer: tracer,
	})
	ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"bear"}`)
	ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"ghost"}`)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"Duration":8,"Failed":0`) || !strings.Contains(lines[1], `"Failed":1`) {
		t.Errorf("%s", out.String())
	}
	if got := strings.Join(tracer.seen, " "); got != "feedAnimal ok feedAnimal failed" {
		t.Errorf("spans: %s", got)
	}
}

// spans remembers what was traced.
type spans struct{ seen []string }

func (s *spans) Start(ctx context.Context, name string) (context.Context, func(error)) {
	s.seen = append(s.seen, name)
	return ctx, func(err error) {
		if err != nil {
			s.seen = append(s.seen, "failed")
			return
		}
		s.seen = append(s.seen, "ok")
	}
}
