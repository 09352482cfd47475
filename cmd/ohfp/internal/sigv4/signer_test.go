package sigv4_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sigv4"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sigv4/sigv4test"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// keys are an environment with credentials.
var keys = map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}

// options are those of a process with an environment, at noon.
func options(t testing.TB, env map[string]string) sigv4.Options {
	t.Helper()
	all := map[string]string{"HOME": t.TempDir(), "AWS_EC2_METADATA_DISABLED": "true"}
	maps.Copy(all, env)
	return sigv4.Options{
		Env: func(name string) string { return all[name] }, Now: func() time.Time { return noon },
		Environ: func() (pairs []string) {
			for name, value := range all {
				pairs = append(pairs, name+"="+value)
			}
			return pairs
		},
	}
}

// gate knows the keys above.
func gate() sigv4test.Gate {
	return sigv4test.Gate{
		Service: "execute-api", Region: "eu-west-1", Now: func() time.Time { return noon },
		Keys: map[string]sigv4test.Key{"AKIDEXAMPLE": {Secret: "secret"}},
		Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }),
	}
}

func TestASignedCallIsLetIn(t *testing.T) {
	server := httptest.NewServer(gate())
	t.Cleanup(server.Close)
	letters := rapid.StringMatching(`[ -~ä€]{0,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		u, err := url.Parse(server.URL)
		if err != nil {
			rt.Fatal(err)
		}
		u.Path = "/" + rapid.StringMatching(`[a-zA-Z0-9_~.:%$ -]{1,8}(/[a-zA-Z0-9]{1,8})?`).Draw(rt, "path")
		u.RawQuery = url.Values{"q": {letters.Draw(rt, "first"), letters.Draw(rt, "second")}, letters.Draw(rt, "name"): {"x"}}.Encode()
		body := []byte(letters.Draw(rt, "body"))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.String(), bytes.NewReader(body))
		if err != nil {
			rt.Fatal(err)
		}
		r.Header.Set("Idempotency-Key", strings.TrimSpace(rapid.StringMatching(`[ -~]{1,20}`).Draw(rt, "key")))
		if err := sigv4.New(options(t, keys)).Sign(t.Context(), r, body); err != nil {
			rt.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			rt.Fatal(err)
		}
		answer, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || !bytes.Equal(answer, body) {
			rt.Errorf("%s: %s %s %v", u, res.Status, answer, err)
		}
		_ = res.Body.Close() // read to its end
	})
}

func TestASignatureHoldsOneCallOnly(t *testing.T) {
	signed := func() *http.Request {
		r := httptest.NewRequest(http.MethodPost, "https://abc.execute-api.eu-west-1.amazonaws.com/v1/commands/x?a=1", strings.NewReader("{}"))
		r.Header.Set("Idempotency-Key", "k")
		if err := sigv4.New(options(t, keys)).Sign(t.Context(), r, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if err := gate().Check(signed(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Request){
		"the method":  func(r *http.Request) { r.Method = http.MethodPut },
		"the path":    func(r *http.Request) { r.URL.Path = "/v1/commands/y" },
		"the query":   func(r *http.Request) { r.URL.RawQuery = "a=2" },
		"the host":    func(r *http.Request) { r.Host = "abd.execute-api.eu-west-1.amazonaws.com" },
		"the key":     func(r *http.Request) { r.Header.Set("Idempotency-Key", "l") },
		"the time":    func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260504T120001Z") },
		"its length":  func(r *http.Request) { r.ContentLength++ },
		"who it says": func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "t") },
	} {
		r := signed()
		change(r)
		if gate().Check(r, []byte("{}")) == nil {
			t.Errorf("%s may be changed", name)
		}
	}
	if gate().Check(signed(), []byte("{ }")) == nil {
		t.Error("the body may be changed")
	}
}

func TestRegionOfAnEndpoint(t *testing.T) {
	for host, want := range map[string]string{
		"a1b2c3.execute-api.us-east-1.amazonaws.com":               "us-east-1",
		"A1B2C3.Execute-API.US-East-1.amazonaws.com":               "us-east-1",
		"a1b2c3.execute-api.cn-north-1.amazonaws.com.cn":           "cn-north-1",
		"a1b2c3-vpce-0a1b.execute-api.us-gov-west-1.amazonaws.com": "us-gov-west-1",
		"vpce-0a1b-x.execute-api.eu-west-1.vpce.amazonaws.com":     "eu-west-1",
		"a1b2c3.execute-api.eu-west-1.api.aws":                     "eu-west-1",
		"execute-api.us-east-1.amazonaws.com":                      "",
		".execute-api.us-east-1.amazonaws.com":                     "",
		"a1b2c3.execute-api..amazonaws.com":                        "",
		"a1b2c3.execute-api.us-east-1.amazonaws.com.evil.example":  "",
		"a1b2c3.execute-api.us-east-1.evil.example":                "",
		"a1b2c3.execute-api.us-east-1":                             "",
		"broker.example":                                           "", "127.0.0.1": "", "": "",
	} {
		if got := sigv4.RegionOf(host); got != want {
			t.Errorf("%s: got %q, want %q", host, got, want)
		}
	}
}
