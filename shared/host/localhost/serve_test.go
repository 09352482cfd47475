package localhost_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

// pipes is a listener over in-memory connections, for tests on a fake clock.
type pipes struct {
	calls  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes {
	return &pipes{calls: make(chan net.Conn), closed: make(chan struct{})}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial returns the caller's end of a new connection.
func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.calls <- there
	return here
}

const rawExecute = "POST " + register + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + localToken + "\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

// slow replaces registerThing by a handler that runs until it is released or
// its context ends, and says on ended which.
func slow(entered, release chan struct{}, ended chan error) func(*localhost.Config) {
	return func(c *localhost.Config) {
		for i := range c.Endpoints {
			if c.Endpoints[i].Spec.Name != "registerThing" {
				continue
			}
			c.Endpoints[i].Serve = func(ctx context.Context, _ op.Call, _ []byte) (op.Answer, error) {
				entered <- struct{}{}
				select {
				case <-release:
					ended <- nil
				case <-ctx.Done():
					ended <- ctx.Err()
				}
				return op.Answer{Status: 200, Body: []byte("{}")}, nil
			}
		}
	}
}

func TestServeLetsRequestsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entered, release, ended := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
		s, l := newSite(t, slow(entered, release, ended)), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.server.Serve(ctx, l, 30*time.Second) }()
		c := l.dial()
		fmt.Fprint(c, rawExecute)
		<-entered
		stop()
		synctest.Wait()
		select {
		case err := <-served:
			t.Fatalf("Serve returned while a request was in progress: %v", err)
		default:
		}
		close(release)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("answer %v, %v", res, err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
}

func TestServeCutsRequestsOffAfterItsGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entered, ended := make(chan struct{}, 1), make(chan error, 1)
		s, l := newSite(t, slow(entered, nil, ended)), newPipes()
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- s.server.Serve(ctx, l, 2*time.Second) }()
		fmt.Fprint(l.dial(), rawExecute)
		<-entered
		began := time.Now()
		stop()
		if err := <-served; err == nil || !strings.Contains(err.Error(), "requests were cut off 2s after the stop") {
			t.Errorf("Serve = %v", err)
		}
		if err := <-ended; err == nil {
			t.Error("the handler's context did not end")
		}
		if took := time.Since(began); took < 2*time.Second || took > 6*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestACommandOutlivesItsCallerAndAQueryDoesNot(t *testing.T) {
	for _, kind := range []op.Kind{op.Command, op.Query} {
		synctest.Test(t, func(t *testing.T) {
			entered, release, ended := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
			s, l := newSite(t, func(c *localhost.Config) {
				slow(entered, release, ended)(c)
				c.Endpoints[1].Spec.Kind = kind
			}), newPipes()
			ctx, stop := context.WithCancel(t.Context())
			served := make(chan error, 1)
			go func() { served <- s.server.Serve(ctx, l, 30*time.Second) }()
			c := l.dial()
			path := map[op.Kind]string{op.Command: register, op.Query: "/v1/queries/registerThing"}[kind]
			fmt.Fprint(c, strings.Replace(rawExecute, register, path, 1))
			<-entered
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			close(release)
			if err := <-ended; (err != nil) != (kind == op.Query) {
				t.Errorf("kind %d: the context ended with %v", kind, err)
			}
			stop()
			if err := <-served; err != nil {
				t.Errorf("Serve = %v", err)
			}
		})
	}
}

func TestServeGivesUpOnSlowCallers(t *testing.T) {
	tests := []struct {
		name, sent string
		after      time.Duration
	}{
		{"that send nothing", "", 5 * time.Second},
		{"that do not end their headers", "GET / HTTP/1.1\r\nHost: localhost\r\n", 5 * time.Second},
		{"that do not end their body", strings.Replace(rawExecute, "Length: 2", "Length: 50", 1), 15 * time.Second},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(t, nil), newPipes()
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- s.server.Serve(ctx, l, 30*time.Second) }()
				c := l.dial()
				began := time.Now()
				go fmt.Fprint(c, tc.sent)
				if _, err := io.Copy(io.Discard, c); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took < tc.after || took > tc.after+time.Second {
					t.Errorf("the connection was closed after %s, want %s", took, tc.after)
				}
				if s.count() != 0 {
					t.Error("the operation was carried out")
				}
				stop()
				if err := <-served; err != nil {
					t.Errorf("Serve = %v", err)
				}
			})
		})
	}
}

func TestServerShedsWhatIsTooMuch(t *testing.T) {
	entered, release, ended := make(chan struct{}, 1), make(chan struct{}), make(chan error, 1)
	s := newSite(t, func(c *localhost.Config) {
		slow(entered, release, ended)(c)
		c.MaxRequests = 1
	})
	first := make(chan *http.Response, 1)
	go func() { first <- s.do(ask{method: post, path: register, body: "{}"}) }()
	<-entered

	res := s.do(ask{method: get, path: list})
	p := readProblem(t, res)
	if res.StatusCode != 503 || res.Header.Get("Retry-After") != "1" || !strings.Contains(p.Detail, "serves 1 requests already") {
		t.Errorf("got %d, Retry-After %q: %s", res.StatusCode, res.Header.Get("Retry-After"), p.Detail)
	}
	if got := s.do(ask{method: get, path: "/healthz", token: "-"}).StatusCode; got != 200 {
		t.Errorf("a health check while busy: got %d", got)
	}
	close(release)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := (<-first).StatusCode; got != 200 {
		t.Errorf("the request in progress: got %d", got)
	}
	if got := s.do(ask{method: get, path: list}).StatusCode; got != 200 {
		t.Errorf("afterwards: got %d", got)
	}
}

func TestServeBoundsHeadersAndBodies(t *testing.T) {
	tests := []struct {
		name, method, path, body, header string
		status                           int
	}{
		{"a body of 70 KB whose length is not told beforehand", post, register, `{"a":"` + strings.Repeat("x", 70_000) + `"}`, "", http.StatusRequestEntityTooLarge},
		{"headers of 32 KiB", get, list, "", strings.Repeat("x", 32<<10), http.StatusRequestHeaderFieldsTooLarge},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, l := newSite(t, nil), newPipes()
				startServer(t, s, l)
				req, err := http.NewRequest(tc.method, "http://localhost"+tc.path, io.NopCloser(strings.NewReader(tc.body)))
				if err != nil {
					t.Fatal(err)
				}
				req.Close = true
				req.Header = header("Content-Type", "application/json", "Authorization", "Bearer "+localToken, "X-Header", tc.header)
				transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial(), nil }}
				res, err := transport.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if err := res.Body.Close(); err != nil || res.StatusCode != tc.status {
					t.Errorf("got %d, %v; want %d", res.StatusCode, err, tc.status)
				}
				if s.count() != 0 {
					t.Error("the operation was carried out")
				}
			})
		})
	}
}

func TestServeAnswersARefusedCallerWhoIsStillSending(t *testing.T) {
	l := listen(t, "127.0.0.1:0", localhost.TLSFiles{})
	startServer(t, newSite(t, nil), l)
	for token, want := range map[string]int{localToken: http.StatusRequestEntityTooLarge, "wrong": http.StatusUnauthorized} {
		req, err := http.NewRequest(post, "http://"+l.Addr().String()+register, strings.NewReader(strings.Repeat(" ", 6<<20)))
		if err != nil {
			t.Fatal(err)
		}
		req.Close = true // nobody waits for the rest of a connection that ends with its answer
		req.Header = header("Content-Type", "application/json", "Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("the answer was lost: %v", err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != want {
			t.Errorf("got %d, %v; want %d", res.StatusCode, err, want)
		}
	}
}

func TestServeReturnsTheListenersError(t *testing.T) {
	l := listen(t, "127.0.0.1:0", localhost.TLSFiles{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := newSite(t, nil).server.Serve(t.Context(), l, time.Second); err == nil || !strings.Contains(err.Error(), "accepting connections") {
		t.Errorf("Serve = %v", err)
	}
}
