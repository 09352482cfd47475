package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// answering is a broker that says this to every call, and what it was sent.
func answering(t *testing.T, status int, body string) (at *url.URL, got *http.Request) {
	t.Helper()
	got = new(http.Request)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*got = *r.Clone(r.Context())
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that went away has failed the test
	}))
	t.Cleanup(server.Close)
	at, err := api.Endpoint(server.URL + "/stage/")
	if err != nil {
		t.Fatal(err)
	}
	return at, got
}

func call(t *testing.T, at *url.URL, prove api.Prover) (command.Configured, error) {
	t.Helper()
	var out command.Configured
	err := api.New(at, prove, "test").Call(t.Context(), command.ConfigureProviderStrategy.Spec, map[string]any{"mode": "open"}, &out)
	return out, err
}

func TestACallIsARouteWithAToken(t *testing.T) {
	at, got := answering(t, http.StatusOK, `{"version": 7}`)
	out, err := call(t, at, api.Bearer("abc"))
	if err != nil || out.Version != 7 {
		t.Errorf("got %+v, %v", out, err)
	}
	if got.Method != http.MethodPost || got.URL.Path != "/stage/v1/commands/configureProviderStrategy" || got.Header.Get("Authorization") != "Bearer abc" {
		t.Errorf("got %s %s, %v", got.Method, got.URL.Path, got.Header)
	}
}

func TestACallIsSignedForAPIGateway(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	noon := func() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }
	prove, err := api.AWS(t.Context(), "eu-west-1", "", noon)
	if err != nil {
		t.Fatal(err)
	}
	at, got := answering(t, http.StatusOK, `{}`)
	if _, err := call(t, at, prove); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260504/eu-west-1/execute-api/aws4_request") {
		t.Errorf("got %v", got.Header)
	}
}

func TestARefusalIsTheBrokersOwn(t *testing.T) {
	at, _ := answering(t, http.StatusConflict, `{"code": "conflict", "detail": "it is at version 4 now", "current_version": 4}`)
	_, err := call(t, at, api.Nobody)
	if e := fault.As(err); e.Code != fault.Conflict || e.Extra["current_version"] != int64(4) {
		t.Errorf("got %v", err)
	}
	at, _ = answering(t, http.StatusForbidden, `{"message": "Forbidden"}`)
	if _, err = call(t, at, api.Nobody); err == nil || !strings.Contains(err.Error(), "not the answer of a broker") {
		t.Errorf("got %v", err)
	}
}

func TestRegionOf(t *testing.T) {
	for host, want := range map[string]string{
		"abc.execute-api.eu-west-1.amazonaws.com":      "eu-west-1",
		"abc.execute-api.us-east-1.vpce.amazonaws.com": "us-east-1",
		"broker.example.org":                           "",
		"abc.execute-api.evil.example.org":             "",
	} {
		if got := api.RegionOf(host); got != want {
			t.Errorf("%s: want %q, got %q", host, want, got)
		}
	}
}

func TestEndpoint_and_who_can_read_what_is_sent_there(t *testing.T) {
	for given, private := range map[string]bool{
		"http://127.0.0.1:8080": true, "http://localhost": true, "https://broker.example": true, "http://broker.example": false,
	} {
		u, err := api.Endpoint(given)
		if err != nil || api.Private(u) != private {
			t.Errorf("%s: %v, want private %v", given, err, private)
		}
	}
	for _, given := range []string{"", "broker", "ftp://x", "https://user:word@x", "https://x?y=z"} {
		if _, err := api.Endpoint(given); err == nil || strings.Contains(err.Error(), "word") {
			t.Errorf("%q: got %v", given, err)
		}
	}
}
