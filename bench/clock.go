package main

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// clock passes calls on to DynamoDB and takes how long there was any. It costs
// a little itself, so that what it clocks is taken as a share of what that
// took.
type clock struct {
	behind http.Handler

	mu    sync.Mutex
	open  int       // calls that are under way
	since time.Time // when the first of them came
	spent time.Duration
}

var _ http.Handler = (*clock)(nil)

func newClock(endpoint string) (*clock, error) {
	at, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("reading the endpoint of DynamoDB: %w", err)
	}
	p := httputil.NewSingleHostReverseProxy(at) //nolint:gosec // the operator names it
	p.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	return &clock{behind: p}, nil
}

// ServeHTTP passes a call on.
func (c *clock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.begin()
	defer c.end()
	c.behind.ServeHTTP(w, r)
}

func (c *clock) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == 0 {
		c.since = time.Now()
	}
	c.open++
}

func (c *clock) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.open == 0 {
		c.spent += time.Since(c.since)
	}
}

// take returns how long there were calls since it was asked last; 0 of no
// clock.
func (c *clock) take() time.Duration {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	spent := c.spent
	if c.open > 0 {
		now := time.Now()
		spent += now.Sub(c.since)
		c.since = now
	}
	c.spent = 0
	return spent
}
