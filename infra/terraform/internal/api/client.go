package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

const (
	// patience is longer than the longest synchronous operation of a broker, so
	// that it is the broker who says that time is up.
	patience  = 35 * time.Second
	maxAnswer = 64 << 20
)

// Prover adds to a request what proves who calls.
type Prover func(r *http.Request, body []byte) error

// Client calls one broker. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	prove Prover
	agent string
	http  *http.Client
}

// New makes a client; nothing is sent yet.
func New(base *url.URL, prove Prover, agent string) *Client {
	return &Client{base: base, prove: prove, agent: agent, http: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Call carries an operation out and returns its answer. What the broker refused
// is a [*fault.Error], with current_version among its extra members where a
// version was an old one.
func (c *Client) Call(ctx context.Context, spec op.Spec, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("writing the request of %s: %w", spec.Name, err)
	}
	res, err := c.send(ctx, spec, body)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.base.Redacted(), err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return c.refusal(res, answer)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s answered %s with what is not the answer of a broker; is the endpoint right?", c.base.Redacted(), res.Status)
	}
	return nil
}

func (c *Client) send(ctx context.Context, spec op.Spec, body []byte) (*http.Response, error) {
	u := *c.base
	u.Path += op.Routes(spec)[len(op.Routes(spec))-1].Path // the last one takes a body
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", c.base.Redacted(), err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, "+op.ProblemType)
	r.Header.Set("User-Agent", c.agent)
	if err := c.prove(r, body); err != nil {
		return nil, err
	}
	res, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("no answer from the broker at %s: %w; is it running, and is the endpoint right?", c.base.Redacted(), err)
	}
	return res, nil
}

// refusal reads a problem document.
func (c *Client) refusal(res *http.Response, body []byte) error {
	var p struct {
		op.ProblemDocument
		CurrentVersion int64 `json:"current_version"`
	}
	if json.Unmarshal(body, &p) != nil || p.Code == "" {
		return fmt.Errorf("%s answered %s, which is not the answer of a broker; is the endpoint right, and may the caller use it?", c.base.Redacted(), res.Status)
	}
	e := &fault.Error{Code: p.Code, Detail: p.Detail, Fields: p.Errors}
	if p.CurrentVersion > 0 {
		e.Extra = map[string]any{"current_version": p.CurrentVersion}
	}
	return e
}

// Endpoint reads the address of a broker.
func Endpoint(given string) (*url.URL, error) {
	u, err := url.Parse(given)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("want http://HOST:PORT or https://HOST, got %q", given)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("want no user, query or fragment in %s", u.Redacted())
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}

// Private reports whether nobody else can read what is sent to u.
func Private(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
