package lambdahost_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// problem is what the tests look at of a problem document.
type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func problemOf(t *testing.T, a answer) problem {
	t.Helper()
	if got := a.Headers["Content-Type"]; got != "application/problem+json" {
		t.Fatalf("Content-Type = %q, status %d, body %.200s", got, a.StatusCode, a.Body)
	}
	var p problem
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestARequestIsRefusedByAProblem(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		code, says               string
	}{
		{"a body that is not JSON", "POST", "/v1/commands/feedAnimal", "{", 400, "invalid_request", ""},
		{"a body of another type", "POST", "/v1/commands/feedAnimal", `{"animal":3}`, 400, "invalid_request", "animal"},
		{"a body beyond the limit", "POST", "/v1/commands/feedAnimal", `{"animal":"` + strings.Repeat("a", 64<<10) + `"}`, 413, "too_large", "65536"},
		{"another method", "GET", "/v1/commands/feedAnimal", "", 404, "not_found", "feedAnimal"},
		{"another operation", "POST", "/v1/commands/feedAnimals", "{}", 404, "not_found", "feedAnimal"},
		{"no operation", "POST", "/", "{}", 404, "not_found", "feedAnimal"},
		{"a type in the path of what has none", "POST", "/v1/commands/feedAnimal/LION", "{}", 404, "not_found", "feedAnimal"},
	}
	h, _ := hosting(feed)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := ask(t, h, tc.method, tc.path, tc.body)
			p := problemOf(t, a)
			if a.StatusCode != tc.status || p.Code != tc.code || !strings.Contains(p.Detail, tc.says) {
				t.Errorf("%d %+v", a.StatusCode, p)
			}
		})
	}
}

func TestAnInternalErrorStaysInTheLog(t *testing.T) {
	for _, animal := range []string{"ghost", "lion"} {
		t.Run(animal, func(t *testing.T) {
			h, log := hosting(feed)
			a := ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"`+animal+`"}`)
			p := problemOf(t, a)
			if a.StatusCode != 500 || p.Code != "internal" || !strings.Contains(p.Detail, "inv-1") {
				t.Errorf("%d %+v", a.StatusCode, p)
			}
			if strings.Contains(a.Body, secretCause) {
				t.Errorf("the cause left: %s", a.Body)
			}
			if !strings.Contains(log.String(), secretCause) {
				t.Errorf("the cause is not in the log:\n%s", log)
			}
		})
	}
}

func TestAPanicLeavesItsStackInTheLogAndTheHostUsable(t *testing.T) {
	h, log := hosting(feed)
	ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"lion"}`)
	if !strings.Contains(log.String(), "fixture_test.go") {
		t.Errorf("no stack in the log:\n%s", log)
	}
	if a := ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"bear"}`); a.StatusCode != 200 {
		t.Errorf("after the panic: %d %s", a.StatusCode, a.Body)
	}
}

func TestAnAnswerThatIsTooLargeForAFunctionIsAProblem(t *testing.T) {
	h, _ := hosting(feed)
	a := ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"elephant"}`)
	if p := problemOf(t, a); a.StatusCode != 413 || !strings.Contains(p.Detail, "6291456") {
		t.Errorf("%d %+v", a.StatusCode, p)
	}
}

func TestTheTypeInThePathIsTheBodys(t *testing.T) {
	tests := []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"it is added", "/v1/commands/executeProviderOperation/health_check", `{"animal":"bear"}`, 200, `{"operation_type":"HEALTH_CHECK","animal":"bear"}`},
		{"it is the whole body", "/prod/v1/commands/executeProviderOperation/HEALTH_CHECK", ``, 200, `{"operation_type":"HEALTH_CHECK"}`},
		{"another one is refused", "/v1/commands/executeProviderOperation/HEALTH_CHECK", `{"operation_type":"CREATE_INSTANCES"}`, 400, ""},
		{"what is no type is not found", "/v1/commands/executeProviderOperation/a-b", `{}`, 404, ""},
	}
	h, _ := hosting(typed)
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := ask(t, h, "POST", tc.path, tc.body)
			if a.StatusCode != tc.status || (tc.want != "" && a.Body != tc.want) {
				t.Errorf("%d %s", a.StatusCode, a.Body)
			}
		})
	}
}

func TestABodyThatIsNotWhatItSaysIsRefused(t *testing.T) {
	h, _ := hosting(feed)
	event := request(t, "POST", "/v1/commands/feedAnimal", "/w==") // the byte 0xff
	tests := map[string][]byte{
		"base64 of what is not UTF-8":   bytes.Replace(event, []byte(`"body"`), []byte(`"isBase64Encoded":true,"body"`), 1),
		"what is not base64":            bytes.Replace(event, []byte(`"body":"/w=="`), []byte(`"isBase64Encoded":true,"body":"{}"`), 1),
		"another content type":          bytes.Replace(event, []byte(`application/json`), []byte(`text/plain`), 1),
		"a malformed query string":      bytes.Replace(event, []byte(`"body"`), []byte(`"rawQueryString":"a=%zz","body"`), 1),
		"a query string beside a body":  bytes.Replace(event, []byte(`"body"`), []byte(`"rawQueryString":"a=b","body"`), 1),
		"a member of another JSON type": bytes.Replace(event, []byte(`"body"`), []byte(`"headers":3,"body"`), 1),
		"a coded body":                  bytes.Replace(event, []byte(`"content-type"`), []byte(`"content-encoding":"gzip","content-type"`), 1),
	}
	for name, event := range tests {
		t.Run(name, func(t *testing.T) {
			a := send(t, h, event)
			if p := problemOf(t, a); a.StatusCode != 400 || p.Code != "invalid_request" {
				t.Errorf("%d %+v", a.StatusCode, p)
			}
		})
	}
}

func TestTheAccessLineHoldsNothingOfTheBody(t *testing.T) {
	h, log := hosting(feed)
	ask(t, h, "POST", "/v1/commands/feedAnimal", `{"animal":"canary-5f1c"}`)
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, log)
	}
	if line["msg"] != "request" || line["status"] != 200.0 || line["principal"] != "arn:aws:iam::123456789012:user/ops" || line["request_id"] != "inv-1" {
		t.Errorf("%v", line)
	}
	if strings.Contains(log.String(), "canary") {
		t.Errorf("the body is in the log:\n%s", log)
	}
}
