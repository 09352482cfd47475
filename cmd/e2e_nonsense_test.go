package cmd

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nonsense is an event that makes no sense to a function.
type nonsense struct {
	name, function string
	event          []byte
	status         int
	code, text     string
}

// TestTheFunctionsRefuseWhatMakesNoSense sends the binaries of functions what
// nobody should send. What is no request of API Gateway is an error by its
// type, and written down once, for nobody reads the answer; a request is
// refused as the API refuses, which is no error of ours. No process dies of it.
func TestTheFunctionsRefuseWhatMakesNoSense(t *testing.T) {
	if os.Getenv(dynamoDB) == "" {
		t.Skip("NOT TESTED: events that make no sense, because " + dynamoDB + " names no DynamoDB; make test-dynamodb runs one")
	}
	bin, dir := build(t), buildFunctions(t)
	t.Run("events", func(t *testing.T) { refuseEvents(t, dir) })
	t.Run("requests", func(t *testing.T) { refuseRequests(t, bin, dir) })
}

func refuseEvents(t *testing.T, dir string) {
	t.Helper()
	p := newPatient(t)
	p.makeTable()
	l := newLambda(t, dir, p.env, "list-templates", "register-template", "attempt-static", "due", "record-machine-event")
	var refused, failed []string
	for _, n := range events(t) {
		got := l.invoke(n.function, n.event)
		if got.status != n.status || got.code != n.code || !strings.Contains(got.text, n.text) {
			t.Errorf("%s to %s: told %+v, want %d %s with %q", n.name, n.function, got, n.status, n.code, n.text)
		}
		switch got.code {
		case "Ohfp.Internal":
			failed = append(failed, got.id)
		case "InvalidRequestContentException", "RequestTooLargeException": // Lambda's own: no function ran
		default:
			refused = append(refused, got.id)
		}
	}
	log := l.log(append(refused, failed...)...)
	for _, id := range refused {
		if e := log.errors[id]; len(e) != 0 {
			t.Errorf("a refusal is written down as the error %q", e)
		}
	}
	for _, id := range failed {
		if e := log.errors[id]; len(e) != 1 {
			t.Errorf("a failure is written down as %q, want once", e)
		}
	}
	l.unharmed()
	if got := l.invoke("list-templates", request(t, "queries/listTemplates", nil)); got.status != http.StatusOK {
		t.Errorf("after all that it told %+v", got)
	}
}

func events(t *testing.T) []nonsense {
	t.Helper()
	text := func(s string) []byte { return []byte(s) }
	body := func(s string, encoded bool) []byte {
		return request(t, "commands/registerTemplate", map[string]any{"body": s, "isBase64Encoded": encoded})
	}
	in64 := base64.StdEncoding.EncodeToString
	const ours, api, command = "Ohfp.Internal", "This function answers API Gateway", "register-template"
	all := []nonsense{
		{"what is no JSON", command, text(`{`), 400, "InvalidRequestContentException", "Could not parse"},
		{"more than an event can hold", command, append(bytes.Repeat(text(" "), 7<<20), '1'), 413, "RequestTooLargeException", "larger than"},

		{"a body that is no JSON", command, body(`{`, false), 400, "invalid_request", ""},
		{"an unknown member", command, body(`{"template_id": "web", "hello": 1}`, false), 400, "invalid_request", ""},
		{"a body that is no base64", command, body(`%`, true), 400, "invalid_request", "not the base64"},
		{"base64 of what is no text", command, body(in64(text("{\"template_id\": \"\xff\"}")), true), 400, "invalid_request", ""},
		{"text that is called base64", command, body(`{"template_id": "web"}`, true), 400, "invalid_request", "not the base64"},
		{"a body beyond the operation's limit", command, body(`"`+strings.Repeat("x", 2<<20)+`"`, false), 413, "too_large", "registerTemplate"},
		{"the same in base64", command, body(in64(bytes.Repeat([]byte{0xff}, 2<<20)), true), 413, "too_large", "registerTemplate"},
		{"another function's request", command, request(t, "queries/listTemplates", nil), 404, "not_found", "registerTemplate"},
		{"nobody's request", command, text(`{"requestContext": {"http": {"method": "POST"}}, "rawPath": "/v1/commands/registerTemplate"}`), 401, "unauthenticated", ""},
		{"a request of another shape", command, text(`{"requestContext": {"http": {"method": "POST"}}, "headers": [1]}`), 400, "invalid_request", "not one that API Gateway sends"},
		{"the same in the older format", command, text(`{"requestContext": {}, "httpMethod": "POST", "headers": 1}`), 400, "invalid_request", "not one that API Gateway sends"},
		{"a request to a step", "attempt-static", request(t, "commands/attempt", nil), 404, "not_found", "attempt"},

		{"a misspelt member", "attempt-static", text(`{"operation": "x"}`), 200, ours, "invalid_request"},
		{"a misspelt member", "due", text(`{"now": 1}`), 200, ours, "invalid_request"},
		{"an event without its detail", "record-machine-event", text(`{"source": "aws.ec2"}`), 200, ours, "invalid_request"},
	}
	for _, function := range []string{"list-templates", command} {
		for name, event := range shapes() {
			all = append(all, nonsense{name, function, event, 200, ours, api})
		}
		all = append(all, nonsense{"what is no text", function, text("{\"a\": \"\xff\"}"), 200, ours, "not UTF-8"})
	}
	for _, function := range []string{"attempt-static", "due", "record-machine-event"} {
		for name, event := range shapes() {
			all = append(all, nonsense{name, function, event, 200, ours, "invalid_request"})
		}
		all = append(all, nonsense{"what is no text", function, text("{\"a\": \"\xff\"}"), 200, ours, "not UTF-8"})
	}
	return all
}

// shapes are events that are no request, and that no step takes.
func shapes() map[string][]byte {
	return map[string][]byte{
		"a list": []byte(`[{}]`), "a number": []byte(`42`), "a string": []byte(`"x"`),
		"a queue's event":             []byte(`{"Records": [{"body": "{}"}]}`),
		"a context of no kind":        []byte(`{"requestContext": 3}`),
		"an event of a load balancer": []byte(`{"requestContext": {"elb": {}}, "path": "/"}`),
	}
}

// refuseRequests sends nonsense to the front: it comes to the functions as
// API Gateway would bring it.
func refuseRequests(t *testing.T, bin, dir string) {
	t.Helper()
	w, data := deployed(dir), filepath.Join(t.TempDir(), "data")
	b, err := launch(filepath.Join(bin, "ohfpd"), data, append([]string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}, w.env...), w.flags(data)...)
	if b != nil {
		t.Cleanup(func() {
			if err := b.end(syscall.SIGTERM); err != nil { // which fails when an error is in the log
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	const command = "/v1/commands/registerTemplate"
	none := map[string]string(nil)
	for name, tc := range map[string]struct {
		path, body string
		header     map[string]string
		status     int
		code       string
	}{
		"what is no text":                   {command, "{\"template_id\": \"\xff\"}", none, 400, "invalid_request"},
		"what is no JSON":                   {command, "{", none, 400, "invalid_request"},
		"base64, which is no JSON":          {command, base64.StdEncoding.EncodeToString([]byte(`{}`)), none, 400, "invalid_request"},
		"a body beyond the operation's":     {command, strings.Repeat(" ", 2<<20), none, 413, "too_large"},
		"bytes beyond the operation's":      {command, strings.Repeat("\xff", 2<<20), none, 413, "too_large"},
		"bytes that fit no event as base64": {command, strings.Repeat("\xff", 5<<20), none, 413, "too_large"},
		"text that fits no event, escaped":  {command, strings.Repeat(`"`, 5<<20), none, 413, "too_large"},
		"more than any event can hold":      {command, strings.Repeat(" ", 7<<20), none, 413, "too_large"},
		"a body that is packed":             {command, "{}", map[string]string{"Content-Encoding": "gzip"}, 400, "invalid_request"},
		"another media type":                {command, "{}", map[string]string{"Content-Type": "text/xml"}, 400, "invalid_request"},
		"a step, which has no route":        {"/v1/commands/attempt", "{}", none, 404, "not_found"},
	} {
		status, answer, err := b.ask(http.MethodPost, tc.path, tc.body, tc.header)
		if err != nil || status != tc.status || !strings.Contains(answer, `"code":"`+tc.code+`"`) {
			t.Errorf("%s: %d %s %v, want %d %s", name, status, answer, err, tc.status, tc.code)
		}
	}
	if status, answer, err := b.ask(http.MethodPost, command, `{"template_id": "web"}`, none); err != nil || status != http.StatusOK {
		t.Errorf("after all that: %d %s %v", status, answer, err)
	}
}
