package apigateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/apigateway"
	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

// forwarded is a request that passed localhost's doors.
func forwarded(method, target string, body []byte) localhost.Forwarded {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("Authorization", "Bearer secret-token")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Add("Prefer", "respond-async")
	r.Header.Add("Prefer", "wait=1")
	return localhost.Forwarded{
		Spec: op.Spec{Name: "getProviderHealth"}, Principal: "slurm", RequestID: "r-1", SourceIP: "192.0.2.7",
		Started: time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC), Request: r, Body: body,
	}
}

// answering is a front whose function returns out.
func answering(out string, err error) (apigateway.Front, *string, *map[string]any) {
	var name string
	event := map[string]any{}
	return apigateway.Front{Invoke: func(_ context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
		name = function
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, err
		}
		return json.RawMessage(out), err
	}}, &name, &event
}

// at finds a member of an event by its dotted path.
func at(event map[string]any, path string) any {
	var v any = event
	for step := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[step]
	}
	return v
}

func TestARequestBecomesAnEventOfPayloadFormat2(t *testing.T) {
	front, function, event := answering(`{"statusCode": 200, "headers": {}, "body": "{}"}`, nil)
	f := forwarded("POST", "/v1/queries/getProviderHealth?provider_name=pool%2Da&x=1", []byte(`{"name": "é"}`))
	if _, err := front.Forward(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if *function != "get-provider-health" {
		t.Errorf("called %q", *function)
	}
	for path, want := range map[string]any{
		"version":                               "2.0",
		"rawPath":                               "/v1/queries/getProviderHealth",
		"rawQueryString":                        "provider_name=pool%2Da&x=1",
		"body":                                  `{"name": "é"}`,
		"isBase64Encoded":                       false,
		"headers.content-type":                  "application/json",
		"headers.prefer":                        "respond-async,wait=1",
		"headers.x-request-id":                  "r-1",
		"headers.authorization":                 nil,
		"requestContext.http.method":            "POST",
		"requestContext.http.sourceIp":          "192.0.2.7",
		"requestContext.authorizer.iam.userArn": "slurm",
		"requestContext.requestId":              "r-1",
		"requestContext.timeEpoch":              1772600767089.0,
		"requestContext.time":                   "04/Mar/2026:05:06:07 +0000",
	} {
		if diff := cmp.Diff(want, at(*event, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestABodyThatIsNoTextIsSentAsBase64(t *testing.T) {
	front, _, event := answering(`{"statusCode": 400, "body": ""}`, nil)
	if _, err := front.Forward(t.Context(), forwarded("POST", "/v1/queries/getProviderHealth", []byte{'{', 0xff, '}'})); err != nil {
		t.Fatal(err)
	}
	if at(*event, "body") != "e/99" || at(*event, "isBase64Encoded") != true {
		t.Errorf("body %v, base64 %v", at(*event, "body"), at(*event, "isBase64Encoded"))
	}
}

func TestWhatAFunctionReturnsIsTheAnswer(t *testing.T) {
	tests := map[string]struct {
		out  string
		want localhost.Forwarding
	}{
		"a problem": {
			`{"statusCode": 404, "headers": {"Content-Type": "application/problem+json", "retry-after": "3"}, "body": "{\"code\":\"not_found\"}", "isBase64Encoded": false}`,
			localhost.Forwarding{
				Status: 404, Body: []byte(`{"code":"not_found"}`),
				Header: http.Header{"Content-Type": {"application/problem+json"}, "Retry-After": {"3"}},
			},
		},
		"bytes": {
			`{"statusCode": 200, "body": "e/99", "isBase64Encoded": true}`,
			localhost.Forwarding{Status: 200, Header: http.Header{}, Body: []byte{'{', 0xff, '}'}},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			front, _, _ := answering(tc.out, nil)
			got, err := front.Forward(t.Context(), forwarded("GET", "/v1/queries/getProviderHealth", nil))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAFunctionThatFailsOrAnswersNonsenseIsAnErrorThatNamesIt(t *testing.T) {
	broken := errors.New("Runtime.ExitError: it died")
	tests := map[string]struct {
		out  string
		err  error
		says string
	}{
		"it failed":                     {"", broken, "invoking get-provider-health: Runtime.ExitError: it died"},
		"an answer that is no object":   {`"yes"`, nil, "reading the answer of get-provider-health"},
		"an answer without a status":    {`{"body": "{}"}`, nil, "it has no statusCode"},
		"a status beyond those of HTTP": {`{"statusCode": 600}`, nil, "it has no statusCode"},
		"a body that is not base64":     {`{"statusCode": 200, "body": "%", "isBase64Encoded": true}`, nil, "its body is not base64"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			front, _, _ := answering(tc.out, tc.err)
			_, err := front.Forward(t.Context(), forwarded("GET", "/v1/queries/getProviderHealth", nil))
			if err == nil || !strings.Contains(err.Error(), tc.says) || tc.err != nil && !errors.Is(err, tc.err) {
				t.Errorf("got %v, want %q", err, tc.says)
			}
		})
	}
}

// What is 6 MiB as a body can be more as an event, where text is escaped and
// bytes are base64.
func TestABodyWhoseEventIsTooLargeIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		body    []byte
		refused bool
	}{
		"text":           {bytes.Repeat([]byte("x"), 5<<20), false},
		"text in quotes": {bytes.Repeat([]byte(`"`), 5<<20), true},
		"bytes":          {bytes.Repeat([]byte{0xff}, 5<<20), true},
		"fewer bytes":    {bytes.Repeat([]byte{0xff}, 4<<20), false},
	} {
		called := false
		front := apigateway.Front{Invoke: func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
			called = true
			return json.RawMessage(`{"statusCode": 200}`), nil
		}}
		_, err := front.Forward(t.Context(), forwarded("POST", "/v1/queries/getProviderHealth", tc.body))
		if fault.Is(err, fault.TooLarge) != tc.refused || called == tc.refused || !tc.refused && err != nil {
			t.Errorf("%s: called: %t, %v", name, called, err)
		}
	}
}

// FuzzAnswer expects of any answer a status that can be sent, or an error.
func FuzzAnswer(f *testing.F) {
	f.Add(`{"statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}"}`)
	f.Add(`{"statusCode": 200.5}`)
	f.Add(`{"statusCode": 200, "multiValueHeaders": {"a": ["b"]}, "isBase64Encoded": true, "body": "e/99"}`)
	f.Fuzz(func(t *testing.T, out string) {
		front, _, _ := answering(out, nil)
		got, err := front.Forward(t.Context(), forwarded("GET", "/v1/queries/getProviderHealth", nil))
		if err == nil && (got.Status < 200 || got.Status > 599) {
			t.Errorf("status %d", got.Status)
		}
	})
}

func ExampleFront() {
	front := apigateway.Front{Invoke: func(_ context.Context, function string, _ json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(`{"statusCode": 200, "body": "\"from ` + function + `\""}`), nil
	}}
	a, err := front.Forward(context.Background(), localhost.Forwarded{
		Spec: op.Spec{Name: "listTemplates"}, Request: httptest.NewRequest("GET", "/v1/queries/listTemplates", nil),
	})
	fmt.Println(a.Status, string(a.Body), err)
	// Output: 200 "from list-templates" <nil>
}
