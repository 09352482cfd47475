package ownbody

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Doer sends a request, as [http.Client] does.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Client sends requests with bodies of their own. It is safe for concurrent use
// as far as what it sends by is.
type Client struct{ By Doer }

// Do implements the SDK's HTTP client.
func (c Client) Do(r *http.Request) (*http.Response, error) {
	r, err := Of(r)
	if err != nil {
		return nil, err
	}
	return c.By.Do(r) //nolint:wrapcheck // the SDK wraps it
}

// Of returns a request that is r with a body that nobody else closes. Bodies of
// the SDK's calls are in memory anyway.
func Of(r *http.Request) (*http.Request, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return r, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	r = r.WithContext(r.Context())
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, err = r.GetBody()
	return r, err
}
