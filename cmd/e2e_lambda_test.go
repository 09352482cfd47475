package cmd

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
)

// lambda is a Lambda that has some functions of a build, called over HTTP as
// any client of AWS calls it.
type lambda struct {
	*testing.T
	server  *runtimeapi.Server
	url     string
	written *output // by the functions
	own     *output // by the server
}

// output is what processes write, line by line.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// newLambda has the functions of a directory that are named. env is beside
// what every function is told.
func newLambda(t *testing.T, dir string, env []string, names ...string) *lambda {
	t.Helper()
	l := &lambda{T: t, written: &output{}, own: &output{}}
	var functions []runtimeapi.Function
	for _, name := range names {
		functions = append(functions, runtimeapi.Function{Name: name, Bootstrap: filepath.Join(dir, name, "bootstrap"), Timeout: startWithin})
	}
	var err error
	l.server, err = runtimeapi.Start(runtimeapi.Options{
		Functions: functions, Env: append(installation(), env...), Output: l.written, Now: time.Now, InitTimeout: startWithin,
		Log: slog.New(slog.NewTextHandler(l.own, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.server.Close(); err != nil {
			t.Error(err)
		}
	})
	door := httptest.NewServer(l.server.Handler())
	t.Cleanup(door.Close)
	l.url = door.URL
	return l
}

// installation is what every function is told of the others.
func installation() []string {
	return []string{
		`OHFP_FUNCTIONS={"attempt":{"static":"attempt-static"},"probe":{"static":"probe-static"},"settle":"settle","due":"due"}`,
		"OHFP_EXECUTE_STANDARD_ARN=a", "OHFP_EXECUTE_EXPRESS_ARN=b", "OHFP_HEALTH_CHECK_ARN=c", "OHFP_SNAPSHOT_SECONDS=0",
	}
}

// told is what a function, or Lambda for it, tells who called it.
type told struct {
	id     string // of the invocation; no function ran when it is in no log
	status int    // of HTTP: of the request to the function, if the event was one, else of the call
	code   string // of the problem, the error's type, or the exception's name; "" when all went well
	text   string
}

func (l *lambda) invoke(function string, payload []byte) told {
	l.Helper()
	req, err := http.NewRequestWithContext(l.Context(), http.MethodPost, l.url+"/2015-03-31/functions/"+function+"/invocations", bytes.NewReader(payload))
	if err != nil {
		l.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		l.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if closed := res.Body.Close(); err != nil || closed != nil {
		l.Fatal(err, closed)
	}
	heard := told{id: res.Header.Get("X-Amzn-Requestid"), status: res.StatusCode, text: string(body)}
	switch {
	case res.StatusCode != http.StatusOK:
		heard.code = res.Header.Get("X-Amzn-Errortype")
	case res.Header.Get("X-Amz-Function-Error") != "":
		var e struct{ ErrorType, ErrorMessage string }
		l.decode(body, &e)
		heard.code, heard.text = e.ErrorType, e.ErrorMessage
	default:
		l.reply(body, &heard)
	}
	return heard
}

// reply reads what API Gateway would be answered; a step's answer is none.
func (l *lambda) reply(body []byte, heard *told) {
	l.Helper()
	var a struct {
		StatusCode int
		Body       string
	}
	if !bytes.Contains(body, []byte(`"statusCode"`)) {
		return
	}
	l.decode(body, &a)
	heard.status, heard.text = a.StatusCode, a.Body
	if a.StatusCode >= http.StatusBadRequest {
		var p struct{ Code, Detail string }
		l.decode([]byte(a.Body), &p)
		heard.code, heard.text = p.Code, p.Detail
	}
}

func (l *lambda) decode(data []byte, v any) {
	l.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		l.Fatalf("%v in %s", err, data)
	}
}

// logged is what the functions wrote.
type logged struct {
	openings map[string]int      // failed ones before the first event, by operation
	errors   map[string][]string // by invocation
	ended    map[string]bool     // invocations that have their last line
}

// log reads what the functions wrote, all of which must be lines of JSON, once
// it has the last line of each of these invocations.
func (l *lambda) log(ids ...string) logged {
	l.Helper()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for late := time.After(startWithin); ; {
		text := l.written.String()
		got := l.read(text[:strings.LastIndexByte(text, '\n')+1])
		missing := 0
		for _, id := range ids {
			if !got.ended[id] {
				missing++
			}
		}
		if missing == 0 {
			return got
		}
		select {
		case <-beat.C:
		case <-late:
			l.Fatalf("%d invocations have no last line in:\n%s", missing, text)
		}
	}
}

func (l *lambda) read(text string) logged {
	l.Helper()
	got := logged{map[string]int{}, map[string][]string{}, map[string]bool{}}
	if strings.Contains(text, "panic") {
		l.Fatalf("a panic:\n%s", text)
	}
	for line := range strings.Lines(text) {
		var e struct {
			Level, Message, Operation, Error string
			ID                               string `json:"function_request_id"`
		}
		l.decode([]byte(line), &e)
		switch {
		case e.Message == "request" || e.Message == "step":
			got.ended[e.ID] = true
		case e.Level == "ERROR" && e.ID == "":
			got.openings[e.Operation]++
		case e.Level == "ERROR":
			got.errors[e.ID] = append(got.errors[e.ID], e.Error)
		}
	}
	return got
}

// unharmed says that every process that was started is still there.
func (l *lambda) unharmed() {
	l.Helper()
	if text := l.own.String(); strings.Contains(text, "a function's process ended") {
		l.Errorf("a process ended:\n%s", text)
	}
}

// request is an event of API Gateway, with members of its own at the top.
func request(t *testing.T, operation string, more map[string]any) []byte {
	t.Helper()
	path := "/v1/" + operation
	event := map[string]any{
		"version": "2.0", "rawPath": path, "headers": map[string]string{"content-type": "application/json"}, "body": "{}",
		"requestContext": map[string]any{
			"http":       map[string]string{"method": http.MethodPost, "path": path},
			"authorizer": map[string]any{"iam": map[string]string{"userArn": "arn:aws:iam::123456789012:user/ops"}},
		},
	}
	for name, value := range more {
		event[name] = value
	}
	b, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
