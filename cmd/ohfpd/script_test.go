package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ohfpd": main})
}

// TestScripts plays testdata/script with the daemon itself. Beside the usual
// commands there are:
//
//	occupy VAR            take a port of loopback until the script ends; VAR is its number
//	mode OCTAL FILE       the file has this mode
//	serving DIR           wait until the broker of the data directory answers; its process must be alive
//	call DIR METHOD PATH [BODY]   call that broker with its token; the answer's status and body are the output
//	hold DIR              send half a request to that broker, and keep the connection
//	until REGEXP FILE     wait until a line of the file matches
//	terminate             send SIGTERM to what runs in the background
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_DATA_HOME", "")
			e.Setenv("XDG_CONFIG_HOME", "")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"occupy": occupy, "mode": mode, "serving": serving, "call": call, "hold": hold, "until": until, "terminate": terminate,
		},
	})
}

// arguments checks that there are at least as many as names in usage.
func arguments(ts *testscript.TestScript, neg bool, args []string, usage string) {
	if neg || len(args) < len(strings.Fields(usage))-1 {
		ts.Fatalf("usage: %s", usage)
	}
}

func occupy(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "occupy VAR")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "mode OCTAL FILE")
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, not %s", args[1], got, args[0])
	}
}

// startWithin is generous: the machine may run many tests at once, or stall.
const startWithin = 2 * time.Minute

func serving(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "serving DIR")
	poll(ts, "no broker serves "+args[0], func(ctx context.Context) bool {
		status, _, err := send(ctx, ts.MkAbs(args[0]), http.MethodGet, "/healthz", "")
		return err == nil && status == http.StatusOK
	})
}

// poll asks until the answer is yes.
func poll(ts *testscript.TestScript, otherwise string, yes func(context.Context) bool) {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for !yes(ctx) {
		select {
		case <-beat.C:
		case <-ctx.Done():
			ts.Fatalf("%s after %s", otherwise, startWithin)
		}
	}
}

func until(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "until REGEXP FILE")
	wanted := regexp.MustCompile(args[0])
	poll(ts, args[1]+" has no such line", func(context.Context) bool {
		data, err := os.ReadFile(ts.MkAbs(args[1]))
		return err == nil && wanted.Match(data)
	})
}

func hold(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "hold DIR")
	endpoint, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), endpointFile))
	ts.Check(err)
	c, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimSpace(string(endpoint)), "http://"))
	ts.Check(err)
	ts.Defer(func() { _ = c.Close() })
	token, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), tokenFile))
	ts.Check(err)
	_, err = fmt.Fprintf(c, "POST /v1/commands/registerTemplate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", strings.TrimSpace(string(token)))
	ts.Check(err)
	_, err = bufio.NewReader(c).ReadString('\n') // "100 Continue": the broker has begun to serve it
	ts.Check(err)
}

func call(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "call DIR METHOD PATH")
	body := ""
	if len(args) > 3 {
		body = args[3]
	}
	status, answer, err := send(context.Background(), ts.MkAbs(args[0]), args[1], args[2], body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s\n", status, answer)
}

// send calls the broker whose data directory is dir.
func send(ctx context.Context, dir, method, path, body string) (status int, answer string, err error) {
	endpoint, err := os.ReadFile(filepath.Join(dir, endpointFile))
	if err != nil {
		return 0, "", err
	}
	token, err := os.ReadFile(filepath.Join(dir, tokenFile))
	if err != nil {
		return 0, "", err
	}
	base, client := strings.TrimSpace(string(endpoint)), &http.Client{Timeout: startWithin}
	if socket, ok := strings.CutPrefix(base, "unix://"); ok {
		base = "http://localhost"
		client.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		}}
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), errors.Join(err, res.Body.Close())
}

func terminate(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, "terminate")
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGTERM))
	}
}
