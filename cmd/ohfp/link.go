package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/sigv4"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// callTimeout is longer than the longest synchronous operation of a broker, so
// that it is the broker who says that time is up.
const callTimeout = 35 * time.Second

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 20

// link is a way to one broker.
type link struct {
	endpoint endpoint
	token    string        // "" for none
	signer   *sigv4.Signer // nil: calls are not signed
	http     *http.Client
	log      *slog.Logger // nil: no log
	stderr   io.Writer    // where the log goes
	now      func() time.Time
	patience time.Duration // with one call
}

// connect makes the link; nothing is sent yet.
func (c *client) connect() (*link, error) {
	e, err := parseEndpoint(c.options.endpoint)
	if err != nil {
		return nil, err
	}
	signer, err := c.signer(e)
	if err != nil {
		return nil, err
	}
	token, err := c.token(e)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 1 << 20}
	if e.socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", e.socket)
		}
	} else if !e.loopback() {
		transport.Proxy = http.ProxyFromEnvironment
	}
	patience := callTimeout
	if c.hosting {
		patience = pluginTime
	}
	l := &link{endpoint: e, token: token, signer: signer, now: c.now, patience: patience, http: &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if c.options.debug {
		l.stderr = c.stderr
		l.log = slog.New(slog.NewJSONHandler(c.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return l, nil
}

// request is one call.
type request struct {
	method, path string
	header       http.Header
	body         []byte
	keyMade      string // the idempotency key, when the client made it
}

// request makes the call of an operation.
func (c *client) request(spec op.Spec, body []byte) request {
	routes := op.Routes(spec)
	r := request{method: http.MethodPost, path: routes[0].Path, body: body, header: c.header()}
	r.header.Set("Content-Type", "application/json")
	if c.options.async {
		r.header.Set("Prefer", "respond-async")
	}
	if spec.Kind != op.Command {
		return r
	}
	key := c.options.idempotencyKey
	if key == "" {
		key = c.newKey()
		r.keyMade = key
	}
	r.header.Set("Idempotency-Key", key)
	return r
}

// header holds what every call says.
func (c *client) header() http.Header {
	h := http.Header{}
	h.Set("Accept", "application/json, "+op.ProblemType)
	h.Set("User-Agent", "ohfp/"+version)
	if c.options.debug {
		h.Set(op.DebugHeader, "1")
	}
	if c.options.requestID != "" {
		h.Set("X-Request-Id", c.options.requestID)
	}
	if c.options.traceID != "" { // W3C Trace Context, section 3.2: version, trace, our span, sampled
		h.Set("Traceparent", "00-"+c.options.traceID+"-"+c.options.traceID[:15]+"1-01")
	}
	return h
}

// do sends a request and reads the answer. A failure says whether there was
// one.
func (l *link) do(ctx context.Context, r request) (answer, error) {
	start := l.now()
	res, err := l.send(ctx, l.http, r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return answer{}, l.unreachable(ctx, err)
	}
	l.debug("answer", "status", res.StatusCode, "headers", harmless(res.Header), "bytes", len(body), "duration_ms", l.now().Sub(start).Milliseconds())
	return l.understand(res, l.heard(body))
}

// heard moves what the broker says of how an answer came about to the log, so
// that the document is what it is without it.
func (l *link) heard(body []byte) []byte {
	if l.log == nil {
		return body
	}
	body, lines := op.CutDebug(body)
	for _, line := range lines {
		fmt.Fprintln(l.stderr, oneLine(string(line)))
	}
	return body
}

// send sends a request and reads the head of the answer.
func (l *link) send(ctx context.Context, by *http.Client, r request) (*http.Response, error) {
	u := *l.endpoint.base
	path, query, _ := strings.Cut(r.path, "?")
	u.Path, u.RawQuery = u.Path+path, query
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, usage("endpoint %q: %s", l.endpoint.given, err)
	}
	req.Header = r.header.Clone()
	if err := l.prove(req, r.body); err != nil {
		return nil, err
	}
	l.debug("request", "method", r.method, "url", u.String(), "headers", harmless(req.Header), "bytes", len(r.body))
	res, err := by.Do(req)
	if err != nil {
		return nil, l.unreachable(ctx, err)
	}
	return res, nil
}

func (l *link) debug(message string, args ...any) {
	if l.log != nil {
		l.log.Debug(message, args...)
	}
}

// harmless is h without what proves who calls.
func harmless(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{"Authorization", "X-Amz-Security-Token", "Proxy-Authorization", "Cookie", "Set-Cookie"} {
		if h.Get(name) != "" {
			h.Set(name, "(left out)")
		}
	}
	return h
}

// unreachable says why there was no answer, and what may help.
func (l *link) unreachable(ctx context.Context, err error) error {
	p := clientProblem{Title: "No answer from the endpoint", Code: codeUnreachable, Instance: l.endpoint.given}
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		p.Detail = "interrupted before the answer came; what was asked for may have been done"
		return p.failure(fault.ExitFailed)
	case errors.As(err, &timeout) && timeout.Timeout():
		p.Detail = fmt.Sprintf("no answer from %s within %s; what was asked for may have been done", l.endpoint.given, l.patience)
	default:
		p.Detail = fmt.Sprintf("cannot reach %s: %s. Start the broker with \"ohfpd\", or name another with --endpoint or OHFP_ENDPOINT", l.endpoint.given, cause(err))
	}
	return p.failure(fault.ExitUnreachable)
}

// cause is the innermost error: the outer ones repeat the address.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// understand checks that an answer is a broker's.
func (l *link) understand(res *http.Response, body []byte) (answer, error) {
	a := answer{status: res.StatusCode, body: body, location: res.Header.Get("Location"), date: res.Header.Get("Date")}
	if json.Valid(body) && json.Unmarshal(body, &a.says) == nil && (res.StatusCode < 300 || a.says.Code != "") {
		return a, nil
	}
	code := map[int]fault.Code{401: fault.Unauthenticated, 403: fault.Forbidden, 404: fault.NotFound, 413: fault.TooLarge}[res.StatusCode]
	p := clientProblem{Title: "Not the answer of a broker", Status: res.StatusCode, Code: codeUnexpected, Instance: l.endpoint.given}
	p.Detail = fmt.Sprintf("%s answered %s with %s, which is not the answer of a broker; is the endpoint right?", l.endpoint.given, res.Status, contentType(res))
	if code != "" {
		p.Code, p.Title = string(code), code.Title()
	}
	if why := l.refused(res, body); why != "" {
		p.Detail = fmt.Sprintf("%s answered %s: %s", l.endpoint.given, res.Status, why)
	}
	return answer{}, p.failure(fault.ExitFailed)
}

func contentType(res *http.Response) string {
	if t := res.Header.Get("Content-Type"); t != "" {
		return t
	}
	return "no content type"
}
