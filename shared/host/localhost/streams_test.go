package localhost_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
)

// TestAStopEndsStreamsAtOnce: they would go on for as long as the broker waits
// for its requests, and be cut off then.
func TestAStopEndsStreamsAtOnce(t *testing.T) {
	s := newSite(t, func(c *localhost.Config) {
		c.Events = func(w http.ResponseWriter, r *http.Request) error {
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
			<-r.Context().Done()
			return nil
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(ctx, l, time.Minute) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/v1/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+readerToken)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	stop()
	if body, err := io.ReadAll(res.Body); err != nil || len(body) > 0 {
		t.Errorf("want a clean end, got %q, %v", body, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
