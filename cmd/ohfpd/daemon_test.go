package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
)

func TestAddressIsWhereProgramsOfThisMachineReachIt(t *testing.T) {
	tests := []struct {
		addr      net.Addr
		encrypted bool
		want      string
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}, false, "http://127.0.0.1:80"},
		{&net.TCPAddr{IP: net.IPv6loopback, Port: 80}, false, "http://[::1]:80"},
		{&net.TCPAddr{IP: net.IPv4zero, Port: 443}, true, "https://127.0.0.1:443"},
		{&net.TCPAddr{IP: net.IPv6unspecified, Port: 443}, true, "https://127.0.0.1:443"},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, true, "https://192.0.2.1:443"},
		{&net.UnixAddr{Name: "/run/ohfpd.sock"}, false, "unix:///run/ohfpd.sock"},
	}
	for _, tc := range tests {
		if got := address(tc.addr, tc.encrypted); got != tc.want {
			t.Errorf("address(%v, %v) = %q, want %q", tc.addr, tc.encrypted, got, tc.want)
		}
	}
}

func TestFirstCommandHasNoFlagThatOhfpDoesNotNeed(t *testing.T) {
	dirs := xdg{func(name string) string { return map[string]string{"HOME": "/home/u"}[name] }}
	tests := []struct{ url, dir, want string }{
		{"http://127.0.0.1:8080", "/home/u/.local/share/ohfp", "ohfp listAvailableProviders"},
		{"http://127.0.0.1:9", "/home/u/.local/share/ohfp", "ohfp listAvailableProviders --endpoint http://127.0.0.1:9"},
		{"http://127.0.0.1:8080", "/my data", "ohfp listAvailableProviders --token-file '/my data/token'"},
		{"http://127.0.0.1:8080", "/it's", `ohfp listAvailableProviders --token-file '/it'\''s/token'`},
	}
	for _, tc := range tests {
		d := &daemon{url: tc.url, dataDir: tc.dir}
		if got := d.firstCommand(dirs); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

func TestAnnounceSpeaksToATerminalOnly(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		var out strings.Builder
		d := &daemon{url: "http://127.0.0.1:8080", dataDir: "/d", log: slog.New(slog.DiscardHandler)}
		d.announce(world{stderr: &out, terminal: terminal, getenv: func(string) string { return "" }})
		want := ""
		if terminal {
			want = "ohfpd serves http://127.0.0.1:8080, with its data in /d. Try: ohfp listAvailableProviders --token-file /d/token\n"
		}
		if out.String() != want {
			t.Errorf("terminal %v: %q, want %q", terminal, out.String(), want)
		}
	}
}

// idle is a listener that nobody calls.
type idle struct{ closed chan struct{} }

func (l idle) Accept() (net.Conn, error) { <-l.closed; return nil, net.ErrClosed }
func (l idle) Close() error              { close(l.closed); return nil }
func (l idle) Addr() net.Addr            { return &net.TCPAddr{} }

func newDaemon(t *testing.T, work func(context.Context) error) *daemon {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	server, err := localhost.New(localhost.Config{Log: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return &daemon{site: &site{Run: work}, server: server, listener: idle{make(chan struct{})}, log: log}
}

func TestRunEndsBackgroundWorkAfterTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := idle{make(chan struct{})}
		d := newDaemon(t, func(ctx context.Context) error {
			<-ctx.Done()
			select {
			case <-l.closed:
			default:
				t.Error("the work was ended before the server")
			}
			return ctx.Err()
		})
		d.listener = l
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.run(ctx) }()
		synctest.Wait()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("run = %v", err)
		}
	})
}

// slowly is a log that takes a second for each line.
type slowly struct {
	slog.Handler
	said *[]string
}

func (s slowly) Enabled(context.Context, slog.Level) bool { return true }

func (s slowly) Handle(_ context.Context, r slog.Record) error {
	time.Sleep(time.Second)
	*s.said = append(*s.said, r.Message)
	return nil
}

func TestRunEndsAfterItHasSaidThatItStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDaemon(t, func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		said := []string{}
		d.log = slog.New(slowly{slog.DiscardHandler, &said})
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := d.run(ctx); err != nil || !slices.Equal(said, []string{"stopping"}) {
			t.Errorf("run = %v, and it said %q", err, said)
		}
	})
}

func TestRunEndsWhenTheBackgroundWorkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the store is gone")
		if err := newDaemon(t, func(context.Context) error { return broken }).run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("run = %v, want %v", err, broken)
		}
	})
}

func TestRunDoesNotWaitForEverForBackgroundWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		d := newDaemon(t, func(context.Context) error { <-release; return nil })
		ctx, stop := context.WithCancel(t.Context())
		stop()
		began := time.Now()
		if err := d.run(ctx); err == nil || !strings.Contains(err.Error(), "did not stop within 10s") {
			t.Errorf("run = %v", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %s, want 10s", took)
		}
		close(release)
	})
}

// newToken starts a data directory and returns its token.
func newToken(t *testing.T, dir string) string {
	t.Helper()
	if _, err := loadTokens(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, tokenFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEachDataDirectoryHasATokenOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	first := newToken(t, dir)
	if again := newToken(t, dir); again != first {
		t.Errorf("the token changed from %q to %q", first, again)
	}
	if other := newToken(t, t.TempDir()); other == first {
		t.Errorf("two brokers have the token %q", first)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("files = %v, %v; want the token alone", files, err)
	}
	if _, err := loadTokens(filepath.Join(dir, "none")); err == nil {
		t.Error("a token was made where there is no directory")
	}
}
