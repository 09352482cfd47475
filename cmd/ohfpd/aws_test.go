package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// tableService answers every request as DynamoDB answers one that it refuses,
// with a checksum that the SDK complains of: it reads no such answer to its
// end. It counts what it is asked.
type tableService struct {
	failure string // the type of the exception
	asked   atomic.Int64
}

func (s *tableService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", "2080965641")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"The text of AWS."}`, s.failure)
}

// starts runs the daemon on a table of s, where it cannot serve, and returns
// its exit status and what it wrote.
func (s *tableService) starts(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	nobody(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL_DYNAMODB": server.URL,
	} {
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	var out strings.Builder
	status = run(world{
		args:   append([]string{"--store", "dynamodb:broker", "--data-dir", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0"}, args...),
		getenv: func(name string) string { return map[string]string{"HOME": dir}[name] }, stdout: io.Discard, stderr: &out,
	})
	if _, err := os.Stat(filepath.Join(dir, "data", endpointFile)); err == nil {
		t.Error("it says that it serves")
	}
	return status, out.String()
}

func TestATableThatCannotBeOpenedIsOneLineWithTheRemedy(t *testing.T) {
	for failure, want := range map[string]string{
		"ResourceNotFoundException":   `ohfpd: There is no table "broker" in the region eu-north-1 of this account. Check the name and AWS_REGION, or let --create-table make it. (reading`,
		"UnrecognizedClientException": "ohfpd: The broker may not use its table. Check its credentials, their expiry, and the rights of its role. (reading",
		"AccessDeniedException":       "ohfpd: The broker may not use its table. Check its credentials, their expiry, and the rights of its role. (reading",
		"ValidationException":         "ohfpd: The table does not take the broker's requests: it may not have been made for a broker. Check its name,",
	} {
		for _, args := range [][]string{nil, {"--lambdas", buildOf(t, complete()...)}} {
			s := &tableService{failure: failure}
			status, said := s.starts(t, args...)
			if status != exitFailed || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, want) || !strings.Contains(said, "The text of AWS.") {
				t.Errorf("%s %v: exit status %d, want 1 and one line %q …, got:\n%s", failure, args, status, want, said)
			}
			if n := s.asked.Load(); n != 1 {
				t.Errorf("%s: %d attempts at what cannot succeed", failure, n)
			}
		}
	}
}

func TestATableThatCannotBeMadeIsOneLineToo(t *testing.T) {
	s := &tableService{failure: "UnrecognizedClientException"}
	status, said := s.starts(t, "--create-table")
	if status != exitFailed || strings.Count(said, "\n") != 1 || !strings.Contains(said, "Check its credentials") || !strings.Contains(said, "making the table") {
		t.Errorf("exit status %d, and:\n%s", status, said)
	}
	if n := s.asked.Load(); n != 1 {
		t.Errorf("%d attempts at what cannot succeed", n)
	}
}

func TestWhatTheSDKSaysIsForWhoDebugs(t *testing.T) {
	s := &tableService{failure: "ResourceNotFoundException"}
	_, said := s.starts(t, "--log-level", "debug")
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if len(lines) < 2 {
		t.Fatalf("the SDK is silent:\n%s", said)
	}
	for _, text := range lines[:len(lines)-1] { // the last one is the error
		var l struct{ Level, Msg, Class, Text string }
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("no JSON: %s", text)
		}
		if l.Level != "DEBUG" || l.Msg != "the AWS SDK says" || l.Class != "WARN" || !strings.Contains(l.Text, "checksum") {
			t.Errorf("got %+v", l)
		}
	}
}
