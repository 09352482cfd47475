package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	return write(t, filepath.Join(t.TempDir(), "token"), token+"\n")
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestToken_is_found_in_the_order_promised(t *testing.T) {
	b := newBroker(t, ok)
	home, xdg := t.TempDir(), t.TempDir()
	write(t, filepath.Join(home, ".local/share/ohfp/token"), "from-home")
	write(t, filepath.Join(xdg, "ohfp/token"), "from-xdg")
	config := t.TempDir()
	write(t, filepath.Join(config, "ohfp/config.yaml"), "token_file: "+tokenFile(t, "from-config")+"\nendpoint: "+b.URL+"\n")
	env := tokenFile(t, "from-env")
	for _, c := range []struct {
		want string
		env  map[string]string
		args []string
	}{
		{"Bearer from-home", map[string]string{"HOME": home}, nil},
		{"Bearer from-xdg", map[string]string{"HOME": home, "XDG_DATA_HOME": xdg}, nil},
		{"Bearer from-config", map[string]string{"HOME": home, "XDG_DATA_HOME": xdg, "XDG_CONFIG_HOME": config}, nil},
		{"Bearer from-env", map[string]string{"HOME": home, "XDG_CONFIG_HOME": config, "OHFP_TOKEN_FILE": env}, nil},
		{"Bearer from-flag", map[string]string{"HOME": home, "OHFP_TOKEN_FILE": env}, []string{"--token-file", tokenFile(t, "from-flag")}},
		{"", map[string]string{"HOME": home}, []string{"--auth", "none"}},
		{"", map[string]string{"HOME": t.TempDir()}, nil},
		{"", map[string]string{"HOME": ""}, nil},
	} {
		args := append([]string{"getRequestStatus"}, c.args...)
		if c.env["XDG_CONFIG_HOME"] == "" {
			args = append(args, "--endpoint", b.URL)
		}
		b.forget()
		if r := (shell{env: c.env}).run(t, args...); r.exit != 0 {
			t.Fatalf("%s: %s", c.want, r.stderr)
		}
		if got := b.calls()[0].header.Get("Authorization"); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestToken_is_not_sent_where_others_can_read_it(t *testing.T) {
	home := t.TempDir()
	write(t, filepath.Join(home, ".local/share/ohfp/token"), "secret")
	c := &client{process: process{env: func(name string) string { return map[string]string{"HOME": home}[name] }}, options: options{auth: authAuto}}
	for given, want := range map[string]string{
		"http://127.0.0.1:8080": "secret", "http://[::1]:1": "secret", "http://localhost": "secret", "unix:///run/ohfp.sock": "secret",
		"https://broker.example": "secret", "http://broker.example": "", "http://192.0.2.7:8080": "", "http://localhost.example": "",
	} {
		e, err := parseEndpoint(given)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.token(e); err != nil || got != want {
			t.Errorf("%s: got %q, %v", given, got, err)
		}
	}
}

func TestToken_file_must_hold_one_line(t *testing.T) {
	for _, text := range []string{"", "\n", "two\nlines", "a b", "\x00"} {
		r := shell{}.run(t, "getRequestStatus", "--token-file", tokenFile(t, text))
		if r.exit != 2 || !strings.Contains(r.stderr, "holds no token: want one line of visible characters") {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

func TestConfig_file_that_is_wrong_is_named(t *testing.T) {
	for text, want := range map[string]string{
		"endpiont: x": "unknown field", "endpoint: [": "config.yaml", "- a": "config.yaml",
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "ohfp/config.yaml"), text)
		r := shell{env: map[string]string{"XDG_CONFIG_HOME": dir}}.run(t, "getRequestStatus")
		if r.exit != 2 || !strings.Contains(r.stderr, "reading "+dir) || !strings.Contains(r.stderr, want) {
			t.Errorf("%q: %+v", text, r)
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ohfp/config.yaml"), "  \n")
	if r := (shell{env: map[string]string{"XDG_CONFIG_HOME": dir, "OHFP_ENDPOINT": "http://127.0.0.1:1"}}).run(t, "getRequestStatus"); r.exit != 3 {
		t.Errorf("an empty file: %+v", r)
	}
}

func TestConfig_file_gives_the_format(t *testing.T) {
	b, dir := newBroker(t, ok), t.TempDir()
	write(t, filepath.Join(dir, "ohfp/config.yaml"), "format: YAML\n")
	r := shell{env: map[string]string{"XDG_CONFIG_HOME": dir}}.run(t, "getRequestStatus", "--endpoint", b.URL)
	if r.stdout != "fed: true\n\"n\": 1.50\n" {
		t.Errorf("got %q", r.stdout)
	}
}

func TestEndpoint_may_be_a_unix_socket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var host string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host = r.Host
		_, _ = w.Write([]byte(`{}`))
	}))
	_ = s.Listener.Close()
	s.Listener = ln
	s.Start()
	t.Cleanup(s.Close)
	if r := (shell{}).run(t, "getRequestStatus", "--endpoint", "unix://"+path); r.exit != 0 || host != "localhost" {
		t.Errorf("host %q: %+v", host, r)
	}
	if r := (shell{}).run(t, "getRequestStatus", "--endpoint", "unix:///nowhere/s"); r.exit != 3 || !strings.Contains(r.stderr, "cannot reach unix:///nowhere/s: no such file or directory") {
		t.Errorf("got %+v", r)
	}
}

func TestEndpoint_may_have_a_path(t *testing.T) {
	b := newBroker(t, ok)
	shell{}.run(t, "getRequestStatus", "--endpoint", b.URL+"/stage/")
	if got := b.calls()[0].uri; got != "/stage/v1/queries/getRequestStatus" {
		t.Errorf("got %s", got)
	}
}
