package main

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sigv4/sigv4test"
)

// gateway is a broker that takes signed calls only, of the keys of signing.
func gateway(t *testing.T, at time.Time) *fakeBroker {
	t.Helper()
	b := newBroker(t, ok)
	b.Config.Handler = sigv4test.Gate{
		Service: "execute-api", Region: "eu-west-1", Now: func() time.Time { return at }, Next: b,
		Keys: map[string]sigv4test.Key{
			"AKIDEXAMPLE": {Secret: "secret"},
			"ASIAOVER":    {Secret: "secret", Token: "session", Until: at},
			"ASIAGOOD":    {Secret: "secret", Token: "session"},
		},
	}
	return b
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// signing is an environment of who may call.
func signing(b *fakeBroker, more ...string) map[string]string {
	env := map[string]string{
		"OHFP_ENDPOINT": b.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true",
	}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

func TestClient_signs_each_call(t *testing.T) {
	b := gateway(t, noon)
	sh := shell{env: signing(b, "AWS_ACCESS_KEY_ID", "ASIAGOOD", "AWS_SESSION_TOKEN", "session")}
	for _, args := range [][]string{
		{"feedAnimal", "--data", `{"animal":"bär"}`, "--async", "--idempotency-key", "mine", "--request-id", "r.1"},
		{"getRequestStatus", "--request-id", "req-1"},
	} {
		if r := sh.run(t, append(args, "--auth", "sigv4", "--token-file", tokenFile(t, "not this"))...); r.exit != 0 {
			t.Fatalf("%q: %+v", args, r)
		}
	}
	if got := b.calls()[0]; got.header.Get("Idempotency-Key") != "mine" || got.header.Get("Prefer") != "respond-async" || got.body != `{"animal":"bär"}` {
		t.Errorf("got %+v", got)
	}
}

func TestClient_signs_for_API_Gateway_by_itself(t *testing.T) {
	for endpoint, c := range map[string]struct {
		auth string
		want string // the scheme
	}{
		"https://abc.execute-api.eu-west-1.amazonaws.com/prod/": {"", "AWS4-HMAC-SHA256"},
		"https://abc.execute-api.eu-west-1.amazonaws.com":       {authBearer, "Bearer"},
		"https://def.execute-api.eu-west-1.amazonaws.com":       {authNone, ""},
		"https://broker.example":                                {"", "Bearer"},
		"https://abc.execute-api.eu-west-1.evil.example":        {"", "Bearer"},
	} {
		t.Run(endpoint, func(t *testing.T) {
			env := map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "OHFP_TOKEN_FILE": tokenFile(t, "token")}
			b := gateway(t, noon)
			handler := http.Handler(b)
			if c.want == "AWS4-HMAC-SHA256" {
				handler = b.Config.Handler
			}
			l := linkTo(t, env, options{endpoint: endpoint, auth: c.auth})
			l.http.Transport = served(handler)
			if _, err := l.do(t.Context(), request{method: http.MethodPost, path: "/v1/queries/x", header: http.Header{}, body: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
			got := b.calls()[0]
			if scheme, _, _ := strings.Cut(got.header.Get("Authorization"), " "); scheme != c.want {
				t.Errorf("got %q", scheme)
			}
			if strings.HasSuffix(endpoint, "/prod/") && got.uri != "https://abc.execute-api.eu-west-1.amazonaws.com/prod/v1/queries/x" {
				t.Errorf("called %s", got.uri)
			}
		})
	}
}

// linkTo is the link of a client with an environment and options.
func linkTo(t *testing.T, env map[string]string, o options) *link {
	t.Helper()
	all := map[string]string{"HOME": t.TempDir()}
	maps.Copy(all, env)
	c := &client{process: process{env: func(name string) string { return all[name] }, environ: func() []string { return nil }, now: func() time.Time { return noon }}, options: o}
	if err := c.configure(); err != nil {
		t.Fatal(err)
	}
	l, err := c.connect()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// served answers requests of any host by a handler.
func served(h http.Handler) http.RoundTripper {
	return transport(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
		in.Header, in.ContentLength = r.Header, r.ContentLength
		h.ServeHTTP(w, in)
		return w.Result(), nil
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestClient_is_told_in_files_to_sign(t *testing.T) {
	b, config := gateway(t, noon), t.TempDir()
	aws := write(t, filepath.Join(config, "aws"), "[profile broker]\nregion = eu-west-1\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n")
	write(t, filepath.Join(config, "ohfp/config.yaml"), "endpoint: "+b.URL+"\nauth: sigv4\naws_profile: broker\n")
	r := shell{env: map[string]string{"XDG_CONFIG_HOME": config, "AWS_CONFIG_FILE": aws}}.run(t, "getRequestStatus")
	if r.exit != 0 {
		t.Errorf("by the configuration file: %+v", r)
	}
	host := write(t, filepath.Join(config, "ohfp.json"), `{"endpoint":"`+b.URL+`","auth":"sigv4","aws_profile":"broker","region":"eu-west-1"}`)
	asked := write(t, filepath.Join(config, "in.json"), `{}`)
	r = shell{real: true, env: map[string]string{"HF_PROVIDER_CONFDIR": filepath.Dir(host), "AWS_CONFIG_FILE": aws}}.run(t, "getAvailableTemplates", "-f", asked)
	if got := b.calls(); len(got) != 2 || got[1].uri != "/v1/queries/getAvailableTemplates" {
		t.Errorf("by the plug-in's: %+v, %d calls", r, len(got))
	}
}

func TestClient_listens_to_events_with_a_signature(t *testing.T) {
	b := gateway(t, noon)
	gate, isGate := b.Config.Handler.(sigv4test.Gate)
	if !isGate {
		t.Fatal("no gate")
	}
	gate.Next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write([]byte("event: CircuitOpened\nid: 1\ndata: {\"type\":\"CircuitOpened\"}\n\n"))
	})
	b.Config.Handler = gate
	r := shell{env: signing(b)}.run(t, "events", "--auth", "sigv4", "--type", "CircuitOpened", "--since", "2026-01-31T12:00:00Z")
	if r.exit != 0 || !strings.Contains(r.stdout, "CircuitOpened") {
		t.Errorf("got %+v", r)
	}
}

func TestClient_says_why_a_signature_is_refused(t *testing.T) {
	bare := func(w http.ResponseWriter, _ *http.Request) { // as an HTTP API does, for every reason
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"message":"Forbidden"}`))
	}
	denied := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", noon.Format(http.TimeFormat))
		w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"Message":"User: arn:aws:iam::1:user/x is not authorized to perform: execute-api:Invoke on resource: y"}`))
	}
	for name, c := range map[string]struct {
		clock time.Time
		env   []string
		says  http.HandlerFunc // nil: the gate
		want  string
	}{
		"a clock that is late":     {noon.Add(7 * time.Minute), nil, nil, "the clock of this machine is 7m0s off the endpoint's, and signatures are good for 5m0s: set it right"},
		"a clock that is early":    {noon.Add(-time.Hour), nil, nil, "the clock of this machine is 1h0m0s off"},
		"a token that has expired": {noon, []string{"AWS_ACCESS_KEY_ID", "ASIAOVER", "AWS_SESSION_TOKEN", "session"}, nil, "the credentials of the environment have expired: get new ones from where these came"},
		"a token that is missing":  {noon, []string{"AWS_ACCESS_KEY_ID", "ASIAGOOD"}, nil, "AWS does not know the credentials of the environment: is the access key still active, and is the session token the one"},
		"a secret that is wrong":   {noon, []string{"AWS_SECRET_ACCESS_KEY", "guess"}, nil, "the signature is wrong: is the secret key of the environment right, and eu-west-1 the endpoint's region?"},
		"another region":           {noon, []string{"AWS_REGION", "us-east-1"}, nil, "and us-east-1 the endpoint's region?"},
		"no reason given":          {noon, nil, bare, `needs execute-api:Invoke on this route; "aws sts get-caller-identity" shows who it is`},
		"no permission":            {noon, nil, denied, "may not call this: a policy must allow execute-api:Invoke"},
	} {
		t.Run(name, func(t *testing.T) {
			b := gateway(t, c.clock)
			if c.says != nil {
				b.Config.Handler = c.says
			}
			r := shell{env: signing(b, c.env...)}.run(t, "feedAnimal", "--auth", "sigv4")
			if r.exit != 1 || !strings.Contains(r.stderr, "answered 403 Forbidden: ") || !strings.Contains(r.stderr, c.want) || r.code(t) != "forbidden" {
				t.Errorf("%+v", r)
			}
		})
	}
	broker := newBroker(t, reply{status: 403, body: `{"code":"forbidden","detail":"the role reader may not"}`})
	if r := (shell{env: signing(broker)}).run(t, "feedAnimal", "--auth", "sigv4"); !strings.Contains(r.stderr, "ohfp: forbidden: the role reader may not") {
		t.Errorf("a broker's own refusal: %+v", r)
	}
}

func TestClient_logs_no_credentials(t *testing.T) {
	b := gateway(t, noon)
	r := shell{env: signing(b, "AWS_ACCESS_KEY_ID", "ASIAGOOD", "AWS_SESSION_TOKEN", "session")}.run(t, "feedAnimal", "--auth", "sigv4", "--debug")
	if r.exit != 0 || !strings.Contains(r.stderr, "X-Amz-Date") {
		t.Fatalf("%+v", r)
	}
	for _, secret := range []string{`"session"`, "Signature=", "ASIAGOOD"} {
		if strings.Contains(r.stderr, secret) {
			t.Errorf("%s is logged: %s", secret, r.stderr)
		}
	}
}

// The credentials of whoever gives them late are not waited for without end.
func TestClient_waits_for_credentials_as_long_as_for_an_answer(t *testing.T) {
	b, dir := gateway(t, noon), t.TempDir()
	file := write(t, filepath.Join(dir, "aws"), "[profile slow]\nregion = eu-west-1\ncredential_process = exec sleep 600\n")
	l := linkTo(t, map[string]string{"AWS_CONFIG_FILE": file, "AWS_PROFILE": "slow", "PATH": "/bin:/usr/bin"}, options{endpoint: b.URL, auth: authSigV4})
	l.patience = 50 * time.Millisecond
	began := time.Now()
	_, err := l.do(context.Background(), request{method: http.MethodGet, path: "/", header: http.Header{}})
	if err == nil || !strings.Contains(err.Error(), `getting the credentials of the profile "slow"`) || time.Since(began) > 5*time.Minute {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}
