package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// choppy is a broker that tells the numbers from 1 to last, and cuts each
// stream off after a few bytes or events, or refuses it.
type choppy struct {
	last  int
	asked []string // Last-Event-ID of each stream
	fails []string // what becomes of the streams, in turn
}

func (b *choppy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	turn := len(b.asked)
	b.asked = append(b.asked, r.Header.Get("Last-Event-ID"))
	how := ""
	if turn < len(b.fails) {
		how = b.fails[turn]
	}
	if how == "store" {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"code": "store_unavailable", "detail": "away"}`)
		return
	}
	if how == "refuse" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"code": "unauthenticated", "detail": "who are you?"}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "id: %d\n\n", max(0, b.number(r)))
	n := b.number(r) + 1
	if how == "event" || how == "half" { // one event comes through
		b.tell(w, n)
		n++
	}
	if how == "half" {
		fmt.Fprintf(w, "id: %d\nevent: n\ndata: {\"n\":%d}\n", n, n)
	}
	if how != "" && how != "end" {
		_ = http.NewResponseController(w).Flush() // the panic says what matters
		panic(http.ErrAbortHandler)
	}
	for ; how == "" && n <= b.last; n++ {
		b.tell(w, n)
	}
}

func (b *choppy) number(r *http.Request) int {
	n, err := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	if err != nil {
		return 0
	}
	return n
}

func (b *choppy) tell(w http.ResponseWriter, n int) {
	fmt.Fprintf(w, "id: %d\nevent: n\ndata: {\"n\":%d}\n\n", n, n)
}

// listened runs ohfp against the broker.
func listened(t *testing.T, b *choppy, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	server := httptest.NewServer(b)
	defer server.Close()
	var out, errs bytes.Buffer
	p := process{
		args: append([]string{"events", "--endpoint", server.URL, "--auth", "none"}, args...), env: func(string) string { return "" },
		stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now,
		pause: func(context.Context, time.Duration) error { return nil },
	}
	exit = run(t.Context(), p, operations())
	return out.String(), errs.String(), exit
}

func TestAFollowerGoesOnAfterEachCut(t *testing.T) {
	b := &choppy{last: 6, fails: []string{"event", "cut", "half", "end", "store", "event"}}
	out, _, exit := listened(t, b, "--follow", "--count", "6")
	if want := "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n{\"n\":5}\n{\"n\":6}\n"; out != want || exit != 0 {
		t.Errorf("exit %d, got:\n%s", exit, out)
	}
	if d := cmp.Diff([]string{"", "1", "1", "2", "2", "2", "3"}, b.asked); d != "" {
		t.Errorf("where it went on: want -, got +:\n%s", d)
	}
}

func TestALookUpThatIsCutIsCompletedAndEnds(t *testing.T) {
	out, stderr, exit := listened(t, &choppy{last: 3, fails: []string{"half"}})
	if want := "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n"; out != want || exit != 0 || !strings.Contains(stderr, "the broker is gone") {
		t.Errorf("exit %d, %s\ngot:\n%s", exit, stderr, out)
	}
}

func TestABrokerThatRefusesEndsAFollower(t *testing.T) {
	for name, fails := range map[string][]string{"at once": {"refuse"}, "later": {"event", "refuse"}, "a store that is away at once": {"store"}} {
		if _, stderr, exit := listened(t, &choppy{last: 9, fails: fails}, "--follow"); exit != 1 || stderr == "" {
			t.Errorf("%s: exit %d, %s", name, exit, stderr)
		}
	}
}

// once calls then with the first that is written.
type once struct{ then func() }

func (o once) Write(p []byte) (int, error) { o.then(); return len(p), nil }

func TestAFollowerWhoIsInterruptedEndsWithoutAWord(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "id: 1\nevent: n\ndata: {\"n\":1}\n\n")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var errs bytes.Buffer
	p := process{
		args: []string{"events", "--follow", "--endpoint", server.URL, "--auth", "none"}, env: func(string) string { return "" },
		stdin: strings.NewReader(""), stdout: once{interrupt}, stderr: &errs, now: time.Now,
		pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	if exit := run(ctx, p, operations()); exit != 0 || errs.Len() > 0 {
		t.Errorf("exit %d, %s", exit, &errs)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestAnEventThatCannotBeShownEndsAFollower(t *testing.T) {
	server := httptest.NewServer(&choppy{last: 9})
	defer server.Close()
	var errs bytes.Buffer
	p := process{
		args: []string{"events", "--follow", "--endpoint", server.URL, "--auth", "none"}, env: func(string) string { return "" },
		stdin: strings.NewReader(""), stdout: full{}, stderr: &errs, now: time.Now,
		pause: func(context.Context, time.Duration) error { t.Error("it went on"); return errors.New("enough") },
	}
	if exit := run(t.Context(), p, operations()); exit != 1 || !strings.Contains(errs.String(), "no space") {
		t.Errorf("exit %d, %s", exit, errs.String())
	}
}

func TestEventLine(t *testing.T) {
	for doc, want := range map[string]string{
		`{"id":"x","type":"CircuitOpened","time":"2026-01-01T00:00:00.000Z","provider_name":"a","reason":"5 failures in a row","epoch":3,"reported":true}`: "2026-01-01T00:00:00.000Z  CircuitOpened          provider_name=a reason=\"5 failures in a row\" epoch=3 reported=true",
		`[1]`: `[1]`,
		`{"a`: `{"a`,
	} {
		if got := eventLine([]byte(doc)); got != want {
			t.Errorf("%s:\nwant %q\ngot  %q", doc, want, got)
		}
	}
	if got := eventLine([]byte("{\"type\":\"\\u001b[31m\",\"time\":\"t\"}")); strings.ContainsRune(got, 0x1b) {
		t.Errorf("a control character is shown: %q", got)
	}
}
