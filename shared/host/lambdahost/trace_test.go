package lambdahost_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// tells is a host whose operation tells, and that shows it to one principal.
func tells(to string) *lambdahost.Host {
	return lambdahost.New(lambdahost.Config{
		Operation: list, Now: fixedNow, Log: telemetry.New(&bytes.Buffer{}, slog.LevelDebug),
		Debug: func(principal string) bool { return principal == to },
		Open: func(context.Context) (op.Endpoint, error) {
			e := list.Bind(zoo{})
			e.Serve = func(ctx context.Context, _ op.Call, _ []byte) (op.Answer, error) {
				if r := trace.From(ctx); r != nil {
					r.Add(ctx, "told", slog.String("session_token", "canary"))
				}
				return op.Answer{Status: 200, Body: []byte(`{"ok":true}`)}, nil
			}
			return e, nil
		},
	})
}

func asking(t *testing.T, header string) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(request(t, "POST", "/v1/queries/listAnimals", `{}`), &event); err != nil {
		t.Fatal(err)
	}
	event["headers"] = map[string]string{"content-type": "application/json", "ohfp-debug": header}
	out, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAFunctionTellsHowItsAnswerCameAboutToWhoIsNamed(t *testing.T) {
	const caller = "arn:aws:iam::123456789012:user/ops"
	for name, c := range map[string]struct{ to, header, want string }{
		"who is named and asks":         {caller, "1", `{"ok":true,"debug":[{"time":"2026-03-10T05:06:07Z","level":"DEBUG","msg":"told","session_token":"[redacted]"}]}`},
		"who is named and does not ask": {caller, "", `{"ok":true}`},
		"who is not named":              {"another", "1", `{"ok":true,"debug":[{"time":"2026-03-10T05:06:07Z","level":"DEBUG","msg":"debug lines are not for this caller","principal":"` + caller + `","needed":"to be named by OHFP_DEBUG_PRINCIPALS"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			a := send(t, tells(c.to), asking(t, c.header))
			if a.Body != c.want {
				t.Errorf("got  %s\nwant %s", a.Body, c.want)
			}
		})
	}
}

func TestWithoutSettingsNobodyIsToldHowAnAnswerCameAbout(t *testing.T) {
	h, _ := hosting(list)
	if a := send(t, h, asking(t, "1")); !strings.Contains(a.Body, "not for this caller") {
		t.Errorf("got %s", a.Body)
	}
}
