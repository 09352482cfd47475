package localhost_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

const (
	get  = http.MethodGet
	post = http.MethodPost

	list     = "/v1/queries/listThings"
	register = "/v1/commands/registerThing"
	execute  = "/v1/commands/executeProviderOperation"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = append(h[pairs[i]], pairs[i+1])
	}
	return h
}

func TestServerRefuses(t *testing.T) {
	tests := []struct {
		name   string
		ask    ask
		status int
		code   fault.Code
		detail string // must be in the detail
	}{
		{"a missing token", ask{method: get, path: list, token: "-"}, 401, fault.Unauthenticated, "no bearer token"},
		{"a wrong token", ask{method: get, path: list, token: localToken + "x"}, 401, fault.Unauthenticated, "not one of this broker"},
		{"an empty token", ask{method: get, path: list, token: "-", header: header("Authorization", "Bearer ")}, 401, fault.Unauthenticated, "not one of this broker"},
		{"the hash in place of the token", ask{method: get, path: list, token: strings.Fields(line("a", "admin", localToken))[2]}, 401, fault.Unauthenticated, "not one of this broker"},
		{"another scheme", ask{method: get, path: list, token: "-", header: header("Authorization", "Basic "+localToken)}, 401, fault.Unauthenticated, "Authorization: Bearer TOKEN"},
		{"two Authorization headers", ask{method: get, path: list, token: "-", header: header("Authorization", "Bearer x", "Authorization", "Bearer "+localToken)}, 401, fault.Unauthenticated, "one bearer token"},
		{"the OpenAPI document without a token", ask{method: get, path: "/v1/openapi.json", token: "-"}, 401, fault.Unauthenticated, "no bearer token"},
		{"unknown paths without a token", ask{method: get, path: "/nowhere", token: "-"}, 401, fault.Unauthenticated, "no bearer token"},

		{"an operator's command from a scheduler", ask{method: post, path: register, token: schedulerToken, body: "{}"}, 403, fault.Forbidden, `registerThing needs the role operator; "slurm" has the role scheduler`},
		{"a scheduler's command from a reader", ask{method: post, path: execute, token: readerToken, body: "{}"}, 403, fault.Forbidden, "needs the role scheduler"},
		{"a typed path from a reader", ask{method: post, path: execute + "/CREATE_INSTANCES", token: readerToken, body: "{}"}, 403, fault.Forbidden, "needs the role scheduler"},

		{"a Host header of another site", ask{method: get, path: list, host: "evil.example"}, 403, fault.Forbidden, `"evil.example"`},
		{"a Host header that begins like loopback", ask{method: get, path: list, host: "127.0.0.1.evil.example"}, 403, fault.Forbidden, "Host header"},
		{"a Host header with an address that is not ours", ask{method: get, path: list, host: "10.0.0.1:8080"}, 403, fault.Forbidden, "Host header"},
		{"a health check under another Host", ask{method: get, path: "/healthz", host: "evil.example", token: "-"}, 403, fault.Forbidden, "Host header"},
		{"an Origin", ask{method: get, path: list, header: header("Origin", "https://evil.example")}, 403, fault.Forbidden, "Origin"},
		{"an empty Origin", ask{method: get, path: list, header: header("Origin", "")}, 403, fault.Forbidden, "Origin"},
		{"an Origin of its own address", ask{method: get, path: list, header: header("Origin", "http://127.0.0.1:8080")}, 403, fault.Forbidden, "Origin"},

		{"an unknown path, with the nearest", ask{method: get, path: "/v1/queries/listThing"}, 404, fault.NotFound, "Did you mean GET " + list + "?"},
		{"the right name under the wrong prefix", ask{method: post, path: "/registerthing", body: "{}"}, 404, fault.NotFound, "Did you mean POST " + register + "?"},
		{"a path with a final slash", ask{method: get, path: list + "/"}, 404, fault.NotFound, "Did you mean GET " + list + "?"},
		{"a path like nothing", ask{method: get, path: "/x"}, 404, fault.NotFound, "GET /v1/openapi.json lists"},
		{"a type at another operation", ask{method: post, path: register + "/CREATE_INSTANCES", body: "{}"}, 404, fault.NotFound, "There is nothing at"},
		{"a type that is no name", ask{method: post, path: execute + `/A%22B`, body: "{}"}, 404, fault.NotFound, "There is nothing at"},
		{"no type after the slash", ask{method: post, path: execute + "/", body: "{}"}, 404, fault.NotFound, "Did you mean POST " + execute + "?"},

		{"GET of a command", ask{method: get, path: register}, 405, fault.InvalidRequest, "takes POST, not GET"},
		{"DELETE of a query", ask{method: http.MethodDelete, path: list}, 405, fault.InvalidRequest, "takes GET or POST, not DELETE"},
		{"POST to the OpenAPI document", ask{method: post, path: "/v1/openapi.json"}, 405, fault.InvalidRequest, "takes GET or HEAD"},
		{"POST to the health check", ask{method: post, path: "/healthz"}, 405, fault.InvalidRequest, "takes GET or HEAD"},

		{"a form", ask{method: post, path: register, body: "a=b", header: header("Content-Type", "application/x-www-form-urlencoded")}, 400, fault.InvalidRequest, "Content-Type: must be application/json"},
		{"a body without a type", ask{method: post, path: register, body: "{}", header: http.Header{"Content-Type": nil}}, 400, fault.InvalidRequest, "Content-Type"},
		{"two types", ask{method: post, path: register, body: "{}", header: header("Content-Type", "application/json", "Content-Type", "text/plain")}, 400, fault.InvalidRequest, "Content-Type"},
		{"an empty form", ask{method: post, path: register, header: header("Content-Type", "text/plain")}, 400, fault.InvalidRequest, "Content-Type"},
		{"a compressed body", ask{method: post, path: register, body: "{}", header: header("Content-Encoding", "gzip")}, 400, fault.InvalidRequest, "Content-Encoding"},
		{"a body of 70 KB", ask{method: post, path: register, body: `{"a":"` + strings.Repeat("x", 70_000) + `"}`}, 413, fault.TooLarge, "larger than 65536 bytes, the most that registerThing takes"},
		{"a GET with a body", ask{method: get, path: list, body: "{}"}, 400, fault.InvalidRequest, "GET takes no body"},
		{"a POST with a query string", ask{method: post, path: list + "?name=a", body: "{}"}, 400, fault.InvalidRequest, "not in the query string"},
		{"a malformed query string", ask{method: get, path: list + "?name=a;b=c"}, 400, fault.InvalidRequest, "query string is malformed"},
		{"an unknown query parameter", ask{method: get, path: list + "?nam=a"}, 400, fault.InvalidRequest, "nam"},

		{"an empty idempotency key", ask{method: post, path: register, body: "{}", header: header("Idempotency-Key", "")}, 400, fault.InvalidRequest, "Idempotency-Key"},
		{"an idempotency key of 256 bytes", ask{method: post, path: register, body: "{}", header: header("Idempotency-Key", strings.Repeat("k", 256))}, 400, fault.InvalidRequest, "1 to 255"},
		{"an idempotency key with a space", ask{method: post, path: register, body: "{}", header: header("Idempotency-Key", "a b")}, 400, fault.InvalidRequest, "without spaces"},
		{"an idempotency key beyond ASCII", ask{method: post, path: register, body: "{}", header: header("Idempotency-Key", "schlüssel")}, 400, fault.InvalidRequest, "ASCII"},
		{"two idempotency keys", ask{method: post, path: register, body: "{}", header: header("Idempotency-Key", "a", "Idempotency-Key", "b")}, 400, fault.InvalidRequest, "once"},
		{"a type that contradicts the path", ask{method: post, path: execute + "/CREATE_INSTANCES", body: `{"operation_type":"TERMINATE_INSTANCES"}`}, 400, fault.InvalidRequest, `operation_type: is "TERMINATE_INSTANCES", and the path says CREATE_INSTANCES`},
		{"a contradicting type spelt with an escape", ask{method: post, path: execute + "/CREATE_INSTANCES", body: `{"a":{},"operation\u005ftype":"HEALTH_CHECK"}`}, 400, fault.InvalidRequest, "operation_type"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, nil)
			res := s.do(tc.ask)
			p := readProblem(t, res)
			if res.StatusCode != tc.status || p.Status != tc.status || p.Code != tc.code {
				t.Errorf("got %d %d %q, want %d %q: %s", res.StatusCode, p.Status, p.Code, tc.status, tc.code, p.Detail)
			}
			if !strings.Contains(p.Detail, tc.detail) {
				t.Errorf("detail = %q, want %q in it", p.Detail, tc.detail)
			}
			if s.count() != 0 {
				t.Error("the operation was carried out")
			}
		})
	}
}

func TestServerAllowHeaderNamesTheMethods(t *testing.T) {
	s := newSite(t, nil)
	for path, want := range map[string]string{list: "GET, POST", register: "POST", "/healthz": "GET, HEAD"} {
		if got := s.do(ask{method: http.MethodPut, path: path}).Header.Get("Allow"); got != want {
			t.Errorf("Allow of %s = %q, want %q", path, got, want)
		}
	}
}

func TestServerAsksForABearerToken(t *testing.T) {
	res := newSite(t, nil).do(ask{method: get, path: list, token: "-"})
	if got := res.Header.Get("WWW-Authenticate"); got != `Bearer realm="ohfp"` {
		t.Errorf("WWW-Authenticate = %q", got)
	}
}

func TestServerLetsIn(t *testing.T) {
	tests := []struct {
		name string
		ask  ask
		body string // what the operation is given
	}{
		{"a reader's query", ask{method: get, path: list, token: readerToken}, `{}`},
		{"flat parameters", ask{method: get, path: list + "?name=a%20b&limit=3"}, `{"limit":3,"name":"a b"}`},
		{"a query with a body", ask{method: post, path: list, body: `{"name":"a"}`}, `{"name":"a"}`},
		{"an operator's command", ask{method: post, path: register, token: operatorToken, body: `{}`}, `{}`},
		{"a command without a body", ask{method: post, path: register}, ``},
		{"a scheme in another case", ask{method: get, path: list, token: "-", header: header("Authorization", "bearer "+localToken)}, `{}`},
		{"a charset", ask{method: post, path: register, body: `{}`, header: header("Content-Type", "application/json; charset=utf-8")}, `{}`},
		{"the identity coding", ask{method: post, path: register, body: `{}`, header: header("Content-Encoding", "identity")}, `{}`},
		{"localhost", ask{method: get, path: list, host: "LocalHost.:9"}, `{}`},
		{"another loopback address", ask{method: get, path: list, host: "127.0.0.2"}, `{}`},
		{"IPv6 loopback", ask{method: get, path: list, host: "[::1]:8080"}, `{}`},
		{"a configured name", ask{method: get, path: list, host: "broker.example:443"}, `{}`},
		{"a body of the operation's own limit", ask{method: post, path: "/v1/commands/largeThing", body: `"` + strings.Repeat("x", 70_000) + `"`}, `"` + strings.Repeat("x", 70_000) + `"`},
		{"a type in the path only", ask{method: post, path: execute + "/create_instances", body: ` {"parameters":{}}`}, `{"operation_type":"CREATE_INSTANCES","parameters":{}}`},
		{"a type in the path and no fields", ask{method: post, path: execute + "/HEALTH_CHECK", body: `{ }`}, `{"operation_type":"HEALTH_CHECK"}`},
		{"a type in the path and no body", ask{method: post, path: execute + "/HEALTH_CHECK"}, `{"operation_type":"HEALTH_CHECK"}`},
		{"the same type in path and body", ask{method: post, path: execute + "/HEALTH_CHECK", body: `{"operation_type":"health_check"}`}, `{"operation_type":"health_check"}`},
		{"a nested type is not the type", ask{method: post, path: execute + "/HEALTH_CHECK", body: `{"a":{"operation_type":"B"}}`}, `{"operation_type":"HEALTH_CHECK","a":{"operation_type":"B"}}`},
		{"a malformed body passes unchanged", ask{method: post, path: execute + "/HEALTH_CHECK", body: `{"a":`}, `{"a":`},
		{"a list passes unchanged", ask{method: post, path: execute + "/HEALTH_CHECK", body: `[1]`}, `[1]`},
		{"an unclosed object passes unchanged", ask{method: post, path: execute + "/HEALTH_CHECK", body: `{`}, `{`},
		{"a null type passes unchanged", ask{method: post, path: execute + "/HEALTH_CHECK", body: `{"operation_type":null}`}, `{"operation_type":null}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := newSite(t, nil)
			res := s.do(tc.ask)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("got %d: %+v", res.StatusCode, readProblem(t, res))
			}
			if s.body != tc.body {
				t.Errorf("the operation was given %q, want %q", s.body, tc.body)
			}
		})
	}
}

func TestServerKnowsTheAddressThatACallCameInOn(t *testing.T) {
	s := newSite(t, nil)
	tests := []struct {
		name   string
		local  net.Addr
		host   string
		status int
	}{
		{"the same address is ours", &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 443}, "192.0.2.7", 200},
		{"the same IPv6 address is ours", &net.TCPAddr{IP: net.ParseIP("2001:db8::7"), Port: 443}, "[2001:db8::7]:443", 200},
		{"a neighbour's address is not", &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 443}, "192.0.2.8", 403},
		{"a name is not", &net.TCPAddr{IP: net.ParseIP("192.0.2.7"), Port: 443}, "evil.example", 403},
		{"any name is fine on a socket file", &net.UnixAddr{Name: "/run/ohfpd.sock"}, "unix", 200},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), get, "/healthz", nil)
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, tc.local))
			r.Host = tc.host
			w := httptest.NewRecorder()
			s.server.ServeHTTP(w, r)
			if w.Code != tc.status {
				t.Errorf("got %d, want %d: %s", w.Code, tc.status, w.Body)
			}
		})
	}
}

func TestServerHidesStepsAndSchedules(t *testing.T) {
	s := newSite(t, func(c *localhost.Config) {
		c.Endpoints = append(c.Endpoints, op.Endpoint{Spec: op.Spec{Name: "settle", Kind: op.Step}}, op.Endpoint{Spec: op.Spec{Name: "due", Kind: op.Schedule}})
	})
	for _, path := range []string{"/v1/commands/settle", "/v1/queries/due", "/"} {
		if res := s.do(ask{method: post, path: path, body: "{}"}); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, res.StatusCode)
		}
	}
}

func TestNewRefusesImpossibleEndpoints(t *testing.T) {
	tests := []struct {
		name      string
		endpoints []op.Endpoint
		want      string
	}{
		{"two of one name", []op.Endpoint{{Spec: op.Spec{Name: "a", Kind: op.Query}}, {Spec: op.Spec{Name: "a", Kind: op.Query}}}, "two operations at /v1/queries/a"},
		{"a handler that outlives its connection", []op.Endpoint{{Spec: op.Spec{Name: "slow", Kind: op.Query, Timeout: 36e9}}}, `"slow" may take 36s, more than the 35s`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := localhost.New(localhost.Config{Endpoints: tc.endpoints}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestHealthTellsWhetherTheStoreAnswers(t *testing.T) {
	s := newSite(t, nil)
	res := s.do(ask{method: get, path: "/healthz", token: "-"})
	if res.StatusCode != http.StatusOK {
		t.Errorf("ready: got %d", res.StatusCode)
	}
	s = newSite(t, func(c *localhost.Config) { c.Ready = func() error { return errors.New(secretCause) } })
	res = s.do(ask{method: get, path: "/healthz", token: "-"})
	p := readProblem(t, res)
	if res.StatusCode != http.StatusServiceUnavailable || p.Code != fault.StoreUnavailable {
		t.Errorf("not ready: got %d %q", res.StatusCode, p.Code)
	}
	if strings.Contains(fmt.Sprint(p), secretCause) {
		t.Errorf("the cause left the process: %+v", p)
	}
	if !strings.Contains(s.log.String(), secretCause) {
		t.Error("the cause is not in the log")
	}
}
