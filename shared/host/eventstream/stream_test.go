package eventstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/eventstream"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// site is a server of streams over a store.
type site struct {
	*testing.T
	store *storetest.Memory
	over  context.CancelFunc
	url   string
	http  *http.Client
	calls chan net.Conn // of a virtual site
	puts  int64
}

func newSite(t *testing.T, o eventstream.Options) *site {
	t.Helper()
	o.Poll, o.Patience = time.Millisecond, time.Minute
	s := &site{T: t}
	server := httptest.NewServer(s.streams(o))
	t.Cleanup(server.Close)
	t.Cleanup(s.over)
	s.url, s.http = server.URL, server.Client()
	return s
}

// newVirtualSite is one whose connections are pipes, for tests on virtual time.
// A request has to be read within reading.
func newVirtualSite(t *testing.T, o eventstream.Options, reading time.Duration) *site {
	t.Helper()
	s := &site{T: t, calls: make(chan net.Conn)}
	server := &httptest.Server{Listener: pipes{s.calls, t.Context()}, Config: &http.Server{ReadTimeout: reading, Handler: s.streams(o)}}
	server.Start()
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return s.dial(), nil }}
	t.Cleanup(server.Close)
	t.Cleanup(transport.CloseIdleConnections)
	t.Cleanup(s.over)
	s.url, s.http = "http://pipe", &http.Client{Transport: transport}
	return s
}

// pipes is a listener in memory, which hears calls until ctx ends.
type pipes struct {
	calls chan net.Conn
	ctx   context.Context //nolint:containedctx // of the test
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.ctx.Done():
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns the caller's end of a new connection.
func (s *site) dial() net.Conn {
	here, there := net.Pipe()
	s.calls <- there
	return here
}

// streams serves streams over a new store until s.over is called.
func (s *site) streams(o eventstream.Options) http.Handler {
	s.store = storetest.NewMemory(time.Now)
	if o.Events == nil {
		o.Events = s.store
	}
	o.Now, o.Log = time.Now, slog.New(slog.DiscardHandler)
	streams := eventstream.New(o)
	over, cancel := context.WithCancel(context.Background())
	s.over = cancel
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := context.WithCancel(r.Context())
		defer end()
		defer context.AfterFunc(over, end)()
		if err := streams.Serve(w, r.WithContext(ctx)); err != nil { //nolint:contextcheck // it ends with either
			http.Error(w, string(fault.As(err).Code)+": "+err.Error(), fault.As(err).Code.Status())
		}
	})
}

// configure makes one event, with the next version.
func (s *site) configure() {
	s.Helper()
	if _, err := s.store.PutConfig(s.Context(), broker.StrategyConfig{Version: s.puts}); err != nil {
		s.Fatal(err)
	}
	s.puts++
}

// reader is a program that listens.
type reader struct {
	*site
	lines *bufio.Scanner
	close func() error
	id    string // of the last line that named one
}

func (s *site) listen(query, lastID string) *reader {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+"?"+query, http.NoBody)
	if err != nil {
		s.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := s.http.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(res.Body)
		s.Fatalf("%s: %s", res.Status, body)
	}
	r := &reader{site: s, lines: bufio.NewScanner(res.Body), close: res.Body.Close}
	r.position()
	return r
}

// position reads up to the first id: there the reader stands.
func (r *reader) position() {
	r.Helper()
	for r.id == "" {
		if !r.lines.Scan() {
			r.Fatalf("the stream ended: %v", r.lines.Err())
		}
		r.note(r.lines.Text())
	}
}

func (r *reader) note(line string) {
	if id, ok := strings.CutPrefix(line, "id: "); ok {
		r.id = id
	}
}

// next returns the next event; false at the end of the stream.
func (r *reader) next() (e broker.Event, ok bool) {
	r.Helper()
	for r.lines.Scan() {
		r.note(r.lines.Text())
		doc, is := strings.CutPrefix(r.lines.Text(), "data: ")
		if !is {
			continue
		}
		if err := json.Unmarshal([]byte(doc), &e); err != nil {
			r.Fatalf("%v: %s", err, doc)
		}
		if e.ID != r.id {
			r.Errorf("the event %s stands under the id %s", e.ID, r.id)
		}
		return e, true
	}
	return e, false
}

// versions reads n events of the configuration.
func (r *reader) versions(n int) (got []int64) {
	r.Helper()
	for range n {
		e, ok := r.next()
		if !ok {
			r.Fatalf("the stream ended after %v: %v", got, r.lines.Err())
		}
		got = append(got, e.Version)
	}
	return got
}

func (s *site) equal(want, got any) {
	s.Helper()
	if fmt.Sprint(want) != fmt.Sprint(got) {
		s.Errorf("want %v, got %v", want, got)
	}
}

func TestAFollowerSeesWhatComesAndNothingFromBefore(t *testing.T) {
	s := newSite(t, eventstream.Options{})
	s.configure()
	r := s.listen("", "")
	s.configure()
	s.configure()
	s.equal([]int64{2, 3}, r.versions(2))
}

func TestAFollowerThatIsCutOffMissesNothingAndSeesNothingTwice(t *testing.T) {
	s := newSite(t, eventstream.Options{})
	r := s.listen("", "")
	var got []int64
	for range 20 {
		if err := r.close(); err != nil { // with nothing new, or right behind an event
			t.Fatal(err)
		}
		s.configure() // while nobody listens
		s.configure()
		r = s.listen("", r.id)
		got = append(got, r.versions(1)...)
	}
	got = append(got, r.versions(20)...)
	for i, v := range got {
		if v != int64(i+1) {
			t.Fatalf("out of order at %d: %v", i, got)
		}
	}
}

func TestWhoDoesNotFollowGetsWhatIsStoredAndTheEnd(t *testing.T) {
	s := newSite(t, eventstream.Options{})
	for range 250 { // more than two pages
		s.configure()
	}
	r := s.listen("follow=false", "")
	s.equal(250, len(r.versions(250)))
	if e, more := r.next(); more || r.lines.Err() != nil {
		t.Errorf("got %v, %v", e, r.lines.Err())
	}
	if r := s.listen("follow=false&since="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339), ""); true {
		if e, more := r.next(); more {
			t.Errorf("since the future: %v", e)
		}
	}
	s.equal(250, len(s.listen("follow=false&since=1h", "").versions(250)))
}

func TestOnlyTheTypesThatWereAskedForAreShownAndTheReaderStandsBehindTheOthers(t *testing.T) {
	s := newSite(t, eventstream.Options{})
	s.configure()
	if _, err := s.store.PutProvider(t.Context(), broker.Registration{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	s.configure()
	r := s.listen("follow=false&type=providerregistered&type=MachineLost,CircuitOpened", "")
	if e, _ := r.next(); e.Type != broker.EventProviderRegistered {
		t.Errorf("got %+v", e)
	}
	if _, more := r.next(); more {
		t.Error("more was shown")
	}
	if _, more := s.listen("follow=false", r.id).next(); more {
		t.Errorf("%s is not behind all that there was", r.id)
	}
}

func TestASilentStreamShowsThatItLives(t *testing.T) {
	s := newSite(t, eventstream.Options{Heartbeat: time.Millisecond})
	r := s.listen("", "")
	for range 3 {
		for r.lines.Scan() && r.lines.Text() != ": still here" {
		}
	}
	if r.lines.Err() != nil {
		t.Error(r.lines.Err())
	}
}

func TestStreamsEndWhenTheBrokerStops(t *testing.T) {
	s := newSite(t, eventstream.Options{})
	r := s.listen("", "")
	s.over()
	if e, more := r.next(); more || r.lines.Err() != nil {
		t.Errorf("want a clean end, got %v, %v", e, r.lines.Err())
	}
}

func TestWhatMakesNoSenseIsRefused(t *testing.T) {
	s := newSite(t, eventstream.Options{})
	for query, want := range map[string]string{
		"type=Nonsense": "there is no type", "since=yesterday": "how long ago", "since=-1h": "how long ago", "follow=perhaps": "true or false",
		"after=x": "id of an event", "fellow=true": "no such parameter", "since=1h&since=2h": "twice", "%zz": "malformed",
	} {
		res, err := s.http.Get(s.url + "?" + query)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), want) {
			t.Errorf("%s: got %s: %s", query, res.Status, body)
		}
	}
}

func TestThereAreNoMoreStreamsThanAllowed(t *testing.T) {
	s := newSite(t, eventstream.Options{Most: 1})
	r := s.listen("", "")
	res, err := s.http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s, %v", res.Status, err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	for { // the place is free once the server has noticed
		res, err := s.http.Get(s.url + "?follow=false")
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if res.StatusCode == http.StatusOK {
			return
		}
	}
}

// endless is a store that always has more to tell.
type endless struct {
	mu sync.Mutex
	n  int
}

func (e *endless) Events(context.Context, broker.EventQuery) ([]broker.Event, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	page := make([]broker.Event, 100)
	for i := range page {
		e.n++
		page[i] = broker.Event{ID: fmt.Sprintf("20260101T000000.%09dZ-0", e.n), Type: broker.EventMachineLost, MachineID: strings.Repeat("m", 200)}
	}
	return page, nil
}

// TestAReaderWhoTakesNothingIsCutOff: he who reads again later goes on after
// the last that he has.
func TestAReaderWhoTakesNothingIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualSite(t, eventstream.Options{Events: &endless{}, Patience: 10 * time.Second, Most: 1}, 0)
		conn := s.dial()
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := io.WriteString(conn, "GET /?after=20260101T000000.000000000Z-0 HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("%q, %v", line, err)
		}
		time.Sleep(9 * time.Second) // virtual
		s.equal(http.StatusServiceUnavailable, s.status())
		time.Sleep(2 * time.Second) // virtual: his place is given to another, while he is still connected
		s.equal(http.StatusOK, s.status())
	})
}

// status is that of the answer to somebody who leaves at once.
func (s *site) status() int {
	s.Helper()
	res, err := s.http.Get(s.url)
	if err != nil {
		s.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestAStreamOutlivesTheTimeForReadingItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newVirtualSite(t, eventstream.Options{}, 5*time.Second)
		r := s.listen("", "")
		time.Sleep(10 * time.Second) // virtual
		s.configure()
		s.equal([]int64{1}, r.versions(1))
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
}

// failing is a store that fails after its first page.
type failing struct {
	broker.EventReader

	asked int
}

func (f *failing) Events(ctx context.Context, q broker.EventQuery) ([]broker.Event, error) {
	if f.asked++; f.asked > 1 {
		return nil, fault.New(fault.StoreUnavailable, "away")
	}
	return f.EventReader.Events(ctx, q)
}

func TestAStreamEndsWhenTheStoreIsAway(t *testing.T) {
	s := newSite(t, eventstream.Options{Events: &failing{EventReader: storetest.NewMemory(time.Now)}})
	if e, more := s.listen("", "").next(); more {
		t.Errorf("got %v", e)
	}
	res, err := s.http.Get(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s, %v", res.Status, err)
	}
}

func TestStreamsWorkOverASocketFile(t *testing.T) {
	store, socket := storetest.NewMemory(time.Now), filepath.Join(t.TempDir(), "s")
	streams := eventstream.New(eventstream.Options{Events: store, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := streams.Serve(w, r); err != nil {
			t.Error(err)
		}
	})}}
	server.Start()
	t.Cleanup(server.Close)
	s := &site{T: t, store: store, url: "http://socket", http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}}
	r := s.listen("", "")
	s.configure()
	s.equal([]int64{1}, r.versions(1))
	s.configure()
	s.equal([]int64{2}, r.versions(1))
	if err := r.close(); err != nil {
		t.Error(err)
	}
}
