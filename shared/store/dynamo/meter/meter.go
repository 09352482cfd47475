package meter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
)

// Meter forwards calls to one endpoint and keeps what they were. It is safe
// for concurrent use.
type Meter struct {
	proxy *httputil.ReverseProxy

	mu    sync.Mutex
	calls []Call
}

var _ http.Handler = (*Meter)(nil)

// Call is one call of DynamoDB. Items are written as package schema writes
// keys; a query is the partition that it reads, "OP#1/", or "index open:
// OPEN#3".
type Call struct {
	Action string // GetItem
	Reads  []string
	Writes []string // nothing of them was written when Refused or Failed
	Checks []string // items of a transaction of which only a condition was checked
	Found  int      // items that a read returned

	Refused bool // by a condition that does not hold
	Failed  bool // for another reason

	ReadUnits  float64 // read request units: 4 KiB read strongly, or twice that
	WriteUnits float64 // write request units: 1 KiB written
}

// New returns a meter before an endpoint, such as http://127.0.0.1:8000.
func New(endpoint string) (*Meter, error) {
	to, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("reading the endpoint of DynamoDB: %w", err)
	}
	if to.Host == "" || (to.Scheme != "http" && to.Scheme != "https") {
		return nil, fmt.Errorf("reading the endpoint of DynamoDB: %q is no http URL", endpoint)
	}
	m := &Meter{}
	m.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Set("Accept-Encoding", "identity") // the answer is read on its way
		},
		ModifyResponse: m.answered,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, err error) { problem(w, http.StatusBadGateway, err) },
	}
	return m, nil
}

// Take returns the calls since the last Take, in the order of their answers.
func (m *Meter) Take() []Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = nil
	return calls
}

// asking is the key of what a call asks for in its request's context.
type asking struct{}

// longest is more than DynamoDB takes in one request.
const longest = 32 << 20

// ServeHTTP forwards a call. One that cannot be read is answered here, as
// DynamoDB would: nothing passes uncounted.
func (m *Meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longest))
	if err != nil {
		problem(w, http.StatusRequestEntityTooLarge, err)
		return
	}
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	a, body, err := ask(action, body)
	if err != nil {
		problem(w, http.StatusBadRequest, err)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), asking{}, a))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	m.proxy.ServeHTTP(w, r)
}

// answered counts a call by its answer, which goes on unchanged: its checksum
// is that of the bytes.
func (m *Meter) answered(r *http.Response) error {
	a, ok := r.Request.Context().Value(asking{}).(asked)
	if !ok {
		return fmt.Errorf("counting a call: nothing is known of it")
	}
	body, err := io.ReadAll(r.Body)
	if closed := r.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c, err := a.call(r.StatusCode, body)
	if err != nil {
		return fmt.Errorf("counting a call of %s: %w", a.action, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, c)
	return nil
}

// problem answers as DynamoDB does. Whoever has hung up is not told.
func problem(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazon.coral.service#SerializationException", "Message": err.Error()})
}
