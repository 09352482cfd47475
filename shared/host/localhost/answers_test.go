package localhost_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

func TestServerTellsTheOperationWhoCalls(t *testing.T) {
	s := newSite(t, nil)
	s.do(ask{method: post, path: execute, token: schedulerToken, body: "{}", header: header(
		"X-Request-Id", "r-1", "Idempotency-Key", "key/1:~!", "Prefer", `wait=5, Respond-Async; q="a,b"`,
	)})
	want := op.Call{
		Principal: "slurm", Role: op.Scheduler, SourceIP: "192.0.2.1", RequestID: "r-1",
		IdempotencyKey: "key/1:~!", Async: true, Now: fixedNow(),
	}
	if d := cmp.Diff(want, s.call); d != "" {
		t.Errorf("call (-want +got):\n%s", d)
	}
}

func TestServerGivesIdempotencyKeysToCommandsOnly(t *testing.T) {
	s := newSite(t, nil)
	s.do(ask{method: get, path: list, header: header("Idempotency-Key", "k")})
	if s.count() != 1 || s.call.IdempotencyKey != "" {
		t.Errorf("a query was given the key %q", s.call.IdempotencyKey)
	}
}

func TestServerHonoursRespondAsync(t *testing.T) {
	tests := []struct {
		name, path, prefer string
		async              bool
	}{
		{"where the operation can", execute, "respond-async", true},
		{"among others", execute, "handling=lenient, respond-async", true},
		{"with parameters", execute, "respond-async;x=1", true},
		{"not when it is not asked for", execute, "return=minimal", false},
		{"not inside quotes", execute, `a="x, respond-async, \" y"`, false},
		{"not as part of a word", execute, "no-respond-async", false},
		{"not where the operation cannot", register, "respond-async", false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, nil)
			res := s.do(ask{method: post, path: tc.path, body: "{}", header: header("Prefer", tc.prefer)})
			if s.call.Async != tc.async {
				t.Errorf("Async = %v, want %v", s.call.Async, tc.async)
			}
			status, applied, location := 200, "", ""
			if tc.async {
				status, applied, location = 202, "respond-async", "/v1/queries/getOperation?operation_id=op-1"
			}
			if res.StatusCode != status || res.Header.Get("Preference-Applied") != applied || res.Header.Get("Location") != location {
				t.Errorf("got %d, Preference-Applied %q, Location %q", res.StatusCode, res.Header.Get("Preference-Applied"), res.Header.Get("Location"))
			}
		})
	}
}

func TestServerRequestIDs(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	tests := []struct {
		name, sent string
		echoed     bool
	}{
		{"a plain one is echoed", "Run_7.a-B", true},
		{"one of 128 bytes is echoed", strings.Repeat("a", 128), true},
		{"one of 129 bytes is replaced", strings.Repeat("a", 129), false},
		{"one with a line break is replaced", "a\nb", false},
		{"one beyond ASCII is replaced", "ä", false},
		{"none is made", "", false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, nil)
			got := s.do(ask{method: get, path: list, header: header("X-Request-Id", tc.sent)}).Header.Get("X-Request-Id")
			if tc.echoed && got != tc.sent || !tc.echoed && !uuid.MatchString(got) {
				t.Errorf("X-Request-Id = %q", got)
			}
			if s.call.RequestID != got {
				t.Errorf("the operation was told %q, the caller %q", s.call.RequestID, got)
			}
		})
	}
}

func TestServerAnswersAreNotKept(t *testing.T) {
	s := newSite(t, nil)
	for _, a := range []ask{
		{method: get, path: list},
		{method: get, path: list, token: "-"},
		{method: get, path: "/healthz"},
		{method: get, path: "/v1/openapi.json"},
	} {
		h := s.do(a).Header
		if h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", a.path, h)
		}
	}
}

func TestServerServesItsDescription(t *testing.T) {
	res := newSite(t, nil).do(ask{method: get, path: "/v1/openapi.json", token: readerToken})
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != `{"openapi":"3.1.0"}` || res.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %q of type %q", body, res.Header.Get("Content-Type"))
	}
}

func TestServerAnswersHeadWithoutABody(t *testing.T) {
	res := newSite(t, nil).do(ask{method: http.MethodHead, path: "/healthz"})
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) != 0 || res.Header.Get("Content-Length") == "0" {
		t.Errorf("body %q, %v, Content-Length %q", body, err, res.Header.Get("Content-Length"))
	}
}

func TestServerSaysWhenToRetry(t *testing.T) {
	res := newSite(t, nil).do(ask{method: post, path: "/v1/commands/noCapacity", body: "{}"})
	p := readProblem(t, res)
	if got := res.Header.Get("Retry-After"); res.StatusCode != 503 || got != "2" || p.Retry != 2 {
		t.Errorf("got %d, Retry-After %q, retry_after_seconds %d; want 503, 2, 2", res.StatusCode, got, p.Retry)
	}
}

func TestServerKeepsInternalTextInside(t *testing.T) {
	for _, path := range []string{"/v1/commands/brokenThing", "/v1/commands/panicThing"} {
		t.Run(path, func(t *testing.T) {
			s := newSite(t, nil)
			res := s.do(ask{method: post, path: path, body: "{}", header: header("X-Request-Id", "find-me")})
			raw, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != 500 || !strings.Contains(string(raw), `"code":"internal"`) || !strings.Contains(string(raw), "find-me") {
				t.Errorf("got %d %s", res.StatusCode, raw)
			}
			if strings.Contains(string(raw), "secret") {
				t.Errorf("the cause left the process: %s", raw)
			}
			if log := s.log.String(); !strings.Contains(log, secretCause) || !strings.Contains(log, "find-me") || !strings.Contains(log, `"level":"ERROR"`) {
				t.Errorf("the log lacks cause, request id or level: %s", log)
			}
		})
	}
}

func TestServerLogsTheStackOfAPanic(t *testing.T) {
	s := newSite(t, nil)
	s.do(ask{method: post, path: "/v1/commands/panicThing", body: "{}"})
	if log := s.log.String(); !strings.Contains(log, "fixture_test.go") {
		t.Errorf("no stack in the log: %s", log)
	}
}

func TestServerWritesOneAccessLinePerRequest(t *testing.T) {
	const canary = "canary-77aa"
	s := newSite(t, nil)
	s.do(ask{method: post, path: register, token: schedulerToken, body: `{"user_data":"` + canary + `"}`, header: header("X-Request-Id", "r-9", "Idempotency-Key", canary)})
	s.do(ask{method: post, path: register, token: operatorToken, body: `{"user_data":"` + canary + `"}`, header: header("X-Request-Id", "r-10")})

	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("got %d lines: %s", len(lines), s.log.String())
	}
	refused, served := decodeLine(t, lines[0]), decodeLine(t, lines[1])
	if bytes, ok := refused["bytes"].(float64); !ok || bytes < 100 {
		t.Errorf("bytes of a problem = %v", refused["bytes"])
	}
	delete(refused, "bytes")
	want := map[string]any{
		"level": "INFO", "msg": "request", "request_id": "r-9", "operation": "registerThing", "principal": "slurm",
		"status": 403.0, "code": string(fault.Forbidden), "duration_ms": 0.0,
	}
	if d := cmp.Diff(want, refused); d != "" {
		t.Errorf("refused (-want +got):\n%s", d)
	}
	want = map[string]any{
		"level": "INFO", "msg": "request", "request_id": "r-10", "operation": "registerThing", "principal": "ops",
		"status": 200.0, "code": "", "duration_ms": 0.0, "bytes": 11.0,
	}
	if d := cmp.Diff(want, served); d != "" {
		t.Errorf("served (-want +got):\n%s", d)
	}
	for _, secret := range []string{canary, schedulerToken, operatorToken} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("%q is in the log: %s", secret, s.log.String())
		}
	}
}

func decodeLine(t *testing.T, line string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "time")
	return m
}

func TestServerTellsItsMetricsToWhoeverMayRead(t *testing.T) {
	tell := func(c *localhost.Config) {
		c.Metrics = func(h http.Header) (string, []byte, error) {
			if h.Get("Accept") == "broken" {
				return "", nil, errors.New(secretCause)
			}
			return "text/x; version=1", []byte("things 1\n"), nil
		}
	}
	s := newSite(t, tell)
	res := s.do(ask{method: get, path: "/metrics", token: readerToken})
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "things 1\n" || res.Header.Get("Content-Type") != "text/x; version=1" {
		t.Errorf("got %q of type %q, %v", body, res.Header.Get("Content-Type"), err)
	}
	for want, a := range map[int]ask{
		http.StatusUnauthorized:     {method: get, path: "/metrics", token: "-"},
		http.StatusMethodNotAllowed: {method: post, path: "/metrics"},
	} {
		if got := s.do(a).StatusCode; got != want {
			t.Errorf("want %d, got %d", want, got)
		}
	}
	if got := newSite(t, nil).do(ask{method: get, path: "/metrics"}).StatusCode; got != http.StatusNotFound {
		t.Errorf("without metrics: want 404, got %d", got)
	}
}

func TestServerStreamsEventsToWhoeverMayRead(t *testing.T) {
	stream := func(c *localhost.Config) {
		c.MaxRequests = 1
		c.Events = func(w http.ResponseWriter, r *http.Request) error {
			if r.URL.RawQuery != "" {
				return fault.Invalid("query", "makes no sense")
			}
			_, err := io.WriteString(w, "id: 1\n\n")
			return err
		}
	}
	s := newSite(t, stream)
	res := s.do(ask{method: get, path: "/v1/events", token: readerToken})
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != "id: 1\n\n" || res.Header.Get("X-Request-Id") == "" {
		t.Errorf("got %q, %v", body, err)
	}
	for want, a := range map[int]ask{
		http.StatusUnauthorized:     {method: get, path: "/v1/events", token: "-"},
		http.StatusMethodNotAllowed: {method: post, path: "/v1/events"},
		http.StatusBadRequest:       {method: get, path: "/v1/events?x=1"},
	} {
		if got := s.do(a).StatusCode; got != want {
			t.Errorf("want %d, got %d", want, got)
		}
	}
	if got := newSite(t, nil).do(ask{method: get, path: "/v1/events"}).StatusCode; got != http.StatusNotFound {
		t.Errorf("without events: want 404, got %d", got)
	}
}
