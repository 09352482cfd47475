package main

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/op"
)

// write puts files with mode 0700 into a new directory.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDecodeConfigReadsEveryKey(t *testing.T) {
	dir := write(t, map[string]string{"hosts.yaml": "[]", "clean": "#!/bin/sh\n"})
	got, err := decodeConfig([]byte(`
listen: unix:run/ohfpd.sock
tls_cert: cert.pem
tls_key: /etc/ohfp/key.pem
client_ca: ca.pem
roles: {slurm: scheduler, "Jane Doe": admin}
hosts: [broker.example.com]
host_files:
  rack-1: hosts.yaml
commands:
  clean:
    argv: [./clean, --deep]
command_timeout_seconds: 45
address_allow: [10.1.2.3/8, 192.0.2.1, "2001:db8::/32"]
tick_seconds: 5
max_executions: 7
event_queues: [https://sqs.eu-west-1.amazonaws.com/111122223333/events, "http://127.0.0.1:9324/queue/events"]
watch_seconds: 45
retention: {operations_days: 7, machines_days: 100, audit_days: 30}
`), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Listen:         "unix:" + filepath.Join(dir, "run/ohfpd.sock"),
		TLS:            localhost.TLSFiles{Cert: filepath.Join(dir, "cert.pem"), Key: "/etc/ohfp/key.pem", ClientCA: filepath.Join(dir, "ca.pem")},
		Roles:          map[string]op.Role{"slurm": op.Scheduler, "Jane Doe": op.Admin},
		Hosts:          []string{"broker.example.com"},
		HostFiles:      map[string]string{"rack-1": filepath.Join(dir, "hosts.yaml")},
		Commands:       map[string][]string{"clean": {filepath.Join(dir, "clean"), "--deep"}},
		CommandTimeout: 45 * time.Second,
		AddressAllow:   []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("2001:db8::/32")},
		Tick:           5 * time.Second,
		MaxExecutions:  7,
		EventQueues: []eventQueue{
			{URL: "https://sqs.eu-west-1.amazonaws.com/111122223333/events", Region: "eu-west-1"},
			{URL: "http://127.0.0.1:9324/queue/events", Endpoint: "http://127.0.0.1:9324"},
		},
		Watch:          45 * time.Second,
		OperationsKept: 168 * time.Hour,
		MachinesKept:   2400 * time.Hour,
		AuditKept:      720 * time.Hour,
	}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" {
		t.Errorf("config (-want +got):\n%s", d)
	}
}

func TestDecodeConfigHasDefaults(t *testing.T) {
	want := Config{
		CommandTimeout: 30 * time.Second, Tick: time.Minute, MaxExecutions: 1024, Watch: 30 * time.Second,
		OperationsKept: 35 * 24 * time.Hour, MachinesKept: 40 * 24 * time.Hour, AuditKept: 400 * 24 * time.Hour,
	}
	for name, text := range map[string]string{"an empty file": "", "a comment": "# nothing\n", "a document mark": "---\n"} {
		got, err := decodeConfig([]byte(text), "/etc")
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, d)
		}
	}
}

func TestDecodeConfigRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"an unknown key", "hosts: []\nlisten_on: x\n", `line 2: unknown key "listen_on": did you mean listen?`},
		{"a misspelt key", "tick_second: 5", `line 1: unknown key "tick_second": did you mean tick_seconds?`},
		{"a key like no other", "zzzzzz: 5", `line 1: unknown key "zzzzzz": the keys are listen, tls_cert,`},
		{"a key in another case", "Listen: x", `line 1: unknown key "Listen": did you mean listen?`},
		{"a key at the wrong place", "argv: [x]", `line 1: unknown key "argv" at this place`},
		{"an unknown key of a command", "commands:\n  a:\n    argw: [x]", `line 3: unknown key "argw": did you mean argv?`},
		{"a key that comes twice", "listen: a\nlisten: b", `line 2: `},
		{"a retention of everything", "\nretention:\n  days: 3", `line 3: unknown key "days"`},
		{"a retention of no day", "\nretention:\n  operations_days: 0", `line 3: retention.operations_days: must be between 1 and 3650, not 0`},
		{"an audit trail of no day", "retention: {audit_days: 0}", `line 1: retention.audit_days: must be between 1 and 3650, not 0`},
		{"machines kept for less than metrics look back", "retention: {machines_days: 35}", `line 1: retention.machines_days: must be between 36 and 3650, not 35`},
		{"a time-out of one command", "commands: {a: {argv: [sh], timeout_seconds: 3}}", `line 1: timeout_seconds is not supported yet (command_timeout_seconds holds for all commands): remove it`},
		{"a string for a number", "hosts: []\ntick_seconds: often", `line 2: want a whole number, not a string`},
		{"a list for a mapping", "roles: [a]", `line 1: `},
		{"a list as the whole", "- a", `line 1: `},
		{"broken YAML", "listen: [", `line 1: `},
		{"a tab", "roles:\n\ta: b", `line 2: `},
		{"two documents", "listen: a\n---\nlisten: b", `it holds 2 documents: keep one`},
		{"a role that is none", "roles:\n  a: reader\n  b: root", `line 3: roles.b: "root" is not a role: use reader, scheduler, operator, admin`},
		{"an address as a host", "hosts:\n- ok\n- http://x/", `line 3: hosts.1: "http://x/" is not a host name`},
		{"a host file that is missing", "host_files: {a: no.yaml}", `line 1: host_files.a: the file /etc/ohfpd-test/no.yaml cannot be used: no such file or directory`},
		{"a host file that is a directory", "host_files: {a: /}", `host_files.a: the file / cannot be used: it is not a regular file`},
		{"a name with a space", "host_files: {\"a b\": /etc/passwd}", `host_files.a b: a name is 1 to 64 letters`},
		{"a command without a program", "commands: {a: {}}", `line 1: commands.a: argv must be a list`},
		{"a program that is missing", "commands:\n  a: {argv: [./gone]}", `line 2: commands.a: the program /etc/ohfpd-test/gone cannot be run (no such file or directory)`},
		{"a bare name that is nowhere in PATH", "commands: {a: {argv: [no-such-program-4711]}}", `the program no-such-program-4711 cannot be run (executable file not found in $PATH)`},
		{"an allow-list that is no prefix", "address_allow: [10.0.0.0/33]", `line 1: address_allow.0: "10.0.0.0/33" is neither an address nor a prefix`},
		{"a tick of 0", "tick_seconds: 0", `line 1: tick_seconds: must be between 1 and 3600, not 0`},
		{"a tick above an hour", "tick_seconds: 3601", `must be between 1 and 3600, not 3601`},
		{"a queue without a path", "event_queues: [https://sqs.eu-west-1.amazonaws.com]", `line 1: event_queues.0: "https://sqs.eu-west-1.amazonaws.com" is not the URL of a queue: give one`},
		{"a queue that is none", "event_queues: [arn:aws:sqs:eu-west-1:111122223333:events]", `is not the URL of a queue`},
		{"a queue in the clear", "event_queues: [http://sqs.eu-west-1.amazonaws.com/1/events]", `is not the URL of a queue`},
		{"a queue with a secret", "event_queues: [https://me:secret@sqs.eu-west-1.amazonaws.com/1/events]", `is not the URL of a queue`},
		{"looks too often", "watch_seconds: 0", `watch_seconds: must be between 1 and 3600, not 0`},
		{"too many executions", "max_executions: 16385", `must be between 1 and 16384`},
		{"a command time-out above ten minutes", "command_timeout_seconds: 601", `must be between 1 and 600`},
		{"several mistakes at once", "tick_seconds: 0\nmax_executions: 0", `line 1: tick_seconds: must be between 1 and 3600, not 0; line 2: max_executions: must be`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := decodeConfig([]byte(tc.text), "/etc/ohfpd-test")
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error = %v\nwant %q in it", err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			if strings.Contains(err.Error(), "fileConfig") || strings.Contains(err.Error(), "Go ") {
				t.Errorf("the error speaks of Go: %v", err)
			}
		})
	}
}

func TestConfigureTakesFlagsBeforeTheFileBeforeDefaults(t *testing.T) {
	dir := write(t, map[string]string{"ohfpd.yaml": "listen: 127.0.0.1:1\ntls_key: key.pem\ntls_cert: cert.pem\n"})
	env := map[string]string{"HOME": "/home/u", "HF_LOG_LEVEL": "WARN"}
	type facts struct {
		Listen, Cert, Key, DataDir string
		Level                      slog.Level
	}
	tests := []struct {
		name string
		args flags
		want facts
	}{
		{
			"defaults",
			flags{},
			facts{"127.0.0.1:8080", "", "", "/home/u/.local/share/ohfp", slog.LevelWarn},
		},
		{
			"the file",
			flags{config: filepath.Join(dir, "ohfpd.yaml")},
			facts{"127.0.0.1:1", filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), "/home/u/.local/share/ohfp", slog.LevelWarn},
		},
		{
			"flags over the file",
			flags{config: filepath.Join(dir, "ohfpd.yaml"), listen: "unix:///run/x.sock", tlsCert: "other.pem", dataDir: "/data/../data/x/", logLevel: "debug"},
			facts{"unix:/run/x.sock", "other.pem", filepath.Join(dir, "key.pem"), "/data/x", slog.LevelDebug},
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tc.args.store = "sqlite"
			c, err := configure(tc.args, world{getenv: func(name string) string { return env[name] }})
			if err != nil {
				t.Fatal(err)
			}
			got := facts{c.Listen, c.TLS.Cert, c.TLS.Key, c.DataDir, c.LogLevel}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestXDGDirectories(t *testing.T) {
	tests := []struct {
		name         string
		env          map[string]string
		data, config string
	}{
		{"below home by default", map[string]string{"HOME": "/home/u"}, "/home/u/.local/share/ohfp", "/home/u/.config/ohfp/ohfpd.yaml"},
		{"where the variables say", map[string]string{"HOME": "/home/u", "XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c"}, "/d/ohfp", "/c/ohfp/ohfpd.yaml"},
		{"a relative variable counts as unset", map[string]string{"HOME": "/home/u", "XDG_DATA_HOME": "d", "XDG_CONFIG_HOME": "c"}, "/home/u/.local/share/ohfp", "/home/u/.config/ohfp/ohfpd.yaml"},
		{"nowhere without a home", nil, "", ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			x := xdg{func(name string) string { return tc.env[name] }}
			data, err := x.data()
			if data != tc.data || x.config() != tc.config {
				t.Errorf("got %q and %q", data, x.config())
			}
			if (err != nil) != (tc.data == "") {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func FuzzDecodeConfig(f *testing.F) {
	for _, seed := range []string{
		"", "listen: 127.0.0.1:0\ntick_seconds: 5", "roles: {a: admin}", "commands: {a: {argv: [sh, -c, x]}}", "a: &x [*x]",
		"retention: {}", "listen: [", "- - -", "hosts:\n- a\n- \"\"", "? a\n: b", "!!binary x", "listen: |\n  a\n", "\x00", "a: 1\n---\nb: 2",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := decodeConfig(data, "/etc/ohfpd-test")
		if err != nil {
			return
		}
		if cfg.Tick < time.Second || cfg.Tick > time.Hour || cfg.MaxExecutions < 1 || cfg.CommandTimeout < time.Second {
			t.Errorf("out of bounds: %+v", cfg)
		}
		for name, argv := range cfg.Commands {
			if !filepath.IsAbs(argv[0]) {
				t.Errorf("command %q has no absolute program: %q", name, argv)
			}
		}
	})
}
