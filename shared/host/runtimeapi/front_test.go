package runtimeapi_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
)

// post calls the Invoke API of z.
func (z *zoo) post(t testing.TB, function, kind, body string) (*http.Response, string) {
	t.Helper()
	front := httptest.NewServer(z.Handler())
	t.Cleanup(front.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, front.URL+"/2015-03-31/functions/"+url.PathEscape(function)+"/invocations", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("X-Amz-Invocation-Type", kind)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestTheInvokeAPIAnswersAsLambdaDoes(t *testing.T) {
	z := serve(t, nil)
	tests := []struct {
		name, function, kind, body string
		status                     int
		header, value, says        string
	}{
		{"an answer", "zoo", "", `{"do":"echo","text":"hi"}`, 200, "X-Amz-Executed-Version", "$LATEST", `"text":"hi"`},
		{"by ARN", "arn:aws:lambda:us-east-1:000000000000:function:zoo", "RequestResponse", `{"do":"echo","text":"hi"}`, 200, "X-Amz-Function-Error", "", `"text":"hi"`},
		{"by ARN with a version", "arn:aws:lambda:us-east-1:000000000000:function:zoo:$LATEST", "", `{"do":"echo","text":"hi"}`, 200, "X-Amz-Function-Error", "", `"text":"hi"`},
		{"by name with a version", "zoo:live", "", `{"do":"echo","text":"hi"}`, 200, "X-Amz-Function-Error", "", `"text":"hi"`},
		{"a function's failure", "zoo", "", `{"do":"capacity"}`, 200, "X-Amz-Function-Error", "Unhandled", `"errorType":"Ohfp.Capacity"`},
		{"its death", "zoo", "", `{"do":"exit"}`, 200, "X-Amz-Function-Error", "Unhandled", `"errorType":"Runtime.ExitError"`},
		{"no payload", "zoo", "", ``, 200, "X-Amz-Function-Error", "Unhandled", `do: required`},
		{"an unknown function", "tiger", "", `{}`, 404, "X-Amzn-Errortype", "ResourceNotFoundException", "Function not found"},
		{"an unknown function by event", "tiger", "Event", `{}`, 404, "X-Amzn-Errortype", "ResourceNotFoundException", "Function not found"},
		{"what is not JSON", "zoo", "", `{`, 400, "X-Amzn-Errortype", "InvalidRequestContentException", "parse"},
		{"what is too large", "zoo", "", strings.Repeat(" ", runtimeapi.MaxPayload+1), 413, "X-Amzn-Errortype", "RequestTooLargeException", "larger"},
		{"another type", "zoo", "Later", `{}`, 400, "X-Amzn-Errortype", "InvalidParameterValueException", "Later"},
		{"a dry run", "zoo", "DryRun", `{}`, 204, "X-Amz-Function-Error", "", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			resp, body := z.post(t, tc.function, tc.kind, tc.body)
			if resp.StatusCode != tc.status || resp.Header.Get(tc.header) != tc.value || !strings.Contains(body, tc.says) {
				t.Errorf("%d, %s = %q: %s", resp.StatusCode, tc.header, resp.Header.Get(tc.header), body)
			}
			if resp.Header.Get("X-Amzn-Requestid") == "" {
				t.Error("no request id")
			}
		})
	}
}

func TestAnEventIsAcceptedAndCarriedOutBeside(t *testing.T) {
	z := serve(t, nil)
	resp, body := z.post(t, "zoo", "Event", `{"do":"say","text":"carried out"}`)
	if resp.StatusCode != 202 || body != "" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	until(t, "what the function says", func() bool { return strings.Contains(z.output.String(), "carried out\n") })
}

func TestAnEventThatFailsIsLogged(t *testing.T) {
	z := serve(t, nil)
	if resp, _ := z.post(t, "zoo", "Event", `{"do":"capacity"}`); resp.StatusCode != 202 {
		t.Errorf("%d", resp.StatusCode)
	}
	until(t, "the failure in the log", func() bool { return strings.Contains(z.log.String(), "Ohfp.Capacity") })
}
