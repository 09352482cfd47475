package localhost_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

func telling(_ context.Context, _ op.Call, _ []byte) (op.Answer, error) {
	return op.Answer{Status: http.StatusOK, Body: []byte(`{"ok":true}`)}, nil
}

func tells(next func(context.Context, op.Call, []byte) (op.Answer, error)) func(context.Context, op.Call, []byte) (op.Answer, error) {
	return func(ctx context.Context, c op.Call, body []byte) (op.Answer, error) {
		if r := trace.From(ctx); r != nil {
			r.Add(ctx, "told", slog.String("user_data", "canary"))
		}
		return next(ctx, c, body)
	}
}

func TestHowAnAnswerCameAboutIsToldToOperatorsWhoAsk(t *testing.T) {
	s := newSite(t, func(c *localhost.Config) {
		for i := range c.Endpoints {
			c.Endpoints[i].Serve = tells(c.Endpoints[i].Serve)
		}
		c.Endpoints[0].Serve = tells(telling)
	})
	const line = `{"time":"2026-03-04T05:06:07Z","level":"DEBUG","msg":"told","user_data":"[redacted]"}`
	asks := http.Header{"Ohfp-Debug": {"1"}}
	for name, c := range map[string]struct {
		ask  ask
		want string
	}{
		"an operator who asks":           {ask{token: operatorToken, header: asks}, `{"ok":true,"debug":[` + line + `]}`},
		"an operator who does not ask":   {ask{token: operatorToken}, `{"ok":true}`},
		"a header that says something":   {ask{token: operatorToken, header: http.Header{"Ohfp-Debug": {"yes"}}}, `{"ok":true}`},
		"the holder of the broker's own": {ask{header: asks}, `{"ok":true,"debug":[` + line + `]}`},
		"a reader who asks, who is told so": {
			ask{token: readerToken, header: asks},
			`{"ok":true,"debug":[{"time":"2026-03-04T05:06:07Z","level":"DEBUG","msg":"debug lines are not for this caller","principal":"watcher","role":"reader","needed":"operator"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.ask.method, c.ask.path = "GET", "/v1/queries/listThings"
			res := s.do(c.ask)
			got, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestARefusalTellsHowItCameAboutToo(t *testing.T) {
	s := newSite(t, func(c *localhost.Config) {
		for i := range c.Endpoints {
			c.Endpoints[i].Serve = tells(c.Endpoints[i].Serve)
		}
	})
	res := s.do(ask{method: "POST", path: "/v1/commands/noCapacity", body: `{}`, header: http.Header{"Ohfp-Debug": {"1"}}})
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	rest, lines := op.CutDebug(got)
	if len(lines) != 1 || !strings.Contains(string(rest), "no_provider_available") || strings.Contains(string(got), "canary") {
		t.Errorf("got %s", got)
	}
}

func TestNobodyElseIsAskedForWhatTheCallerMayNotSee(t *testing.T) {
	var sent []string
	s := newSite(t, func(c *localhost.Config) {
		c.Forward = func(_ context.Context, f localhost.Forwarded) (localhost.Forwarding, error) {
			sent = f.Request.Header.Values("Ohfp-Debug")
			return localhost.Forwarding{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"ok":true}`)}, nil
		}
	})
	asks := http.Header{"Ohfp-Debug": {"1"}}
	s.do(ask{method: "GET", path: "/v1/queries/listThings", token: readerToken, header: asks})
	if len(sent) != 0 {
		t.Errorf("a reader's wish was passed on: %q", sent)
	}
	s.do(ask{method: "GET", path: "/v1/queries/listThings", token: operatorToken, header: http.Header{"Ohfp-Debug": {"1"}}})
	if len(sent) != 1 {
		t.Error("an operator's wish was not passed on")
	}
}
