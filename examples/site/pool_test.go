package site_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/openhostfactory/ohfp/examples/site"
)

func open(t *testing.T) *site.Pool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pool.json")
	body := `{"strategy_name": "p", "strategy_config": {"hosts": [{"name": "h1", "address": "127.0.0.1"}, {"name": "h2", "address": "127.0.0.1"}], "check": {"port": 1}}}`
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := site.OpenPool(path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func address(p *site.Pool) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Registration.Port()))
}

func get(ctx context.Context, p *site.Pool) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address(p)+"/ready", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func TestPool(t *testing.T) {
	t.Run("answers where it says", func(t *testing.T) {
		if err := get(t.Context(), open(t)); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("refuses when closed and answers at the same port when reopened", func(t *testing.T) {
		p := open(t)
		port := p.Registration.Port()
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if c, err := net.Dial("tcp", address(p)); err == nil {
			_ = c.Close()
			t.Fatal("a closed pool took a connection")
		}
		if err := p.Reopen(); err != nil {
			t.Fatal(err)
		}
		if err := get(t.Context(), p); err != nil || p.Registration.Port() != port {
			t.Fatalf("after reopening: %v, port %d, want %d", err, p.Registration.Port(), port)
		}
	})
	t.Run("holds its answer until it is released, and says that somebody waits", func(t *testing.T) {
		p := open(t)
		held, release := p.Hold()
		done := make(chan error, 1)
		go func() { done <- get(t.Context(), p) }()
		<-held
		select {
		case err := <-done:
			t.Fatalf("it answered while it should hold: %v", err)
		default:
		}
		release()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
