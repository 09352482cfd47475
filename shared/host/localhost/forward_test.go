package localhost_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/localhost"
)

// forwarding is a site that passes requests on to f.
func forwarding(t *testing.T, f localhost.Forwarder) *site {
	t.Helper()
	return newSite(t, func(c *localhost.Config) { c.Forward = f })
}

// post sends a body to the site's command as the holder of a token.
func (s *site) post(token, path string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://localhost"+path, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Request-Id", "r-1")
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w
}

func TestForward_passes_a_request_on_and_its_answer_back(t *testing.T) {
	var got localhost.Forwarded
	s := forwarding(t, func(_ context.Context, f localhost.Forwarded) (localhost.Forwarding, error) {
		got = f
		return localhost.Forwarding{
			Status: http.StatusNotFound, Body: []byte(`{"code": "not_found"}`),
			Header: http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"3"}},
		}, nil
	})
	w := s.post(operatorToken, "/v1/commands/registerThing", []byte("{\xff}"))
	if w.Code != http.StatusNotFound || w.Body.String() != `{"code": "not_found"}` || w.Header().Get("Content-Type") != "application/problem+json" ||
		w.Header().Get("Retry-After") != "3" || w.Header().Get("X-Request-Id") != "r-1" {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
	if got.Spec.Name != "registerThing" || got.Principal != "ops" || got.RequestID != "r-1" || string(got.Body) != "{\xff}" || got.SourceIP != "192.0.2.1" || !got.Started.Equal(fixedNow()) {
		t.Errorf("passed on: %+v", got)
	}
	if !strings.Contains(s.log.String(), `"code":"not_found"`) {
		t.Errorf("the access line lacks the problem's code:\n%s", s.log)
	}
}

func TestForward_passes_on_nothing_that_the_doors_refuse(t *testing.T) {
	s := forwarding(t, func(context.Context, localhost.Forwarded) (localhost.Forwarding, error) {
		t.Error("a request was passed on")
		return localhost.Forwarding{}, nil
	})
	big := bytes.Repeat([]byte("x"), 6<<20+1)
	for name, tc := range map[string]struct {
		token, path string
		body        []byte
		want        int
	}{
		"a stranger":             {"no-such-token-0123456789", "/v1/commands/registerThing", nil, http.StatusUnauthorized},
		"who lacks the role":     {readerToken, "/v1/commands/registerThing", nil, http.StatusForbidden},
		"a path that is not one": {operatorToken, "/v1/commands/nothing", nil, http.StatusNotFound},
		"what no event can hold": {operatorToken, "/v1/commands/registerThing", big, http.StatusRequestEntityTooLarge},
	} {
		if w := s.post(tc.token, tc.path, tc.body); w.Code != tc.want {
			t.Errorf("%s: got %d, want %d: %s", name, w.Code, tc.want, w.Body)
		}
	}
}

func TestForward_answers_500_when_there_is_no_answer(t *testing.T) {
	s := forwarding(t, func(context.Context, localhost.Forwarded) (localhost.Forwarding, error) {
		return localhost.Forwarding{}, errors.New(secretCause)
	})
	w := s.post(operatorToken, "/v1/commands/registerThing", []byte(`{}`))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), secretCause) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if !strings.Contains(s.log.String(), secretCause) {
		t.Errorf("the cause is not in the log:\n%s", s.log)
	}
}

func TestForward_refuses_what_the_forwarder_refuses(t *testing.T) {
	s := forwarding(t, func(context.Context, localhost.Forwarded) (localhost.Forwarding, error) {
		return localhost.Forwarding{}, fault.New(fault.TooLarge, "Too much.")
	})
	w := s.post(operatorToken, "/v1/commands/registerThing", []byte(`{}`))
	if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "Too much.") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}
