package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/host/telemetry"
)

const canary = "canary-5f1c"

func TestRedact(t *testing.T) {
	tests := []struct {
		name   string
		attr   slog.Attr
		hidden bool
	}{
		{"user data is hidden", slog.String("user_data", canary), true},
		{"a token is hidden", slog.String("token", canary), true},
		{"an authorization header is hidden", slog.String("Authorization", canary), true},
		{"a password is hidden", slog.String("PASSWORD", canary), true},
		{"a secret is hidden", slog.Any("secret", map[string]string{"k": canary}), true},
		{"hyphens count as underscores", slog.String("User-Data", canary), true},
		{"a longer name that ends in a secret word is hidden", slog.String("session_token", canary), true},
		{"a group with a secret name is hidden", slog.Group("secret", slog.String("value", canary)), true},
		{"a secret inside a group is hidden", slog.Group("request", slog.Group("auth", slog.String("token", canary))), true},
		{"a name that merely begins with a secret word is shown", slog.String("token_file", canary), false},
		{"other names are shown", slog.String("operation", canary), false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			telemetry.New(&out, slog.LevelInfo).LogAttrs(t.Context(), slog.LevelInfo, "m", tc.attr)
			if got := strings.Contains(out.String(), canary); got == tc.hidden {
				t.Errorf("value visible = %v in %s", got, out.String())
			}
			if got := strings.Contains(out.String(), telemetry.Redacted); got != tc.hidden {
				t.Errorf("%q present = %v in %s", telemetry.Redacted, got, out.String())
			}
		})
	}
}

func TestRedactHoldsForBoundAttributesAndGroups(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.New(&out, slog.LevelInfo).With("password", canary).WithGroup("secret").With("inner", canary)
	log.Info("m", "other", canary)
	if strings.Contains(out.String(), canary) {
		t.Errorf("the log shows a secret: %s", out.String())
	}
}

func TestNewWritesOneJSONObjectPerLineInUTC(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.New(&out, slog.LevelWarn)
	log.Info("below the level")
	log.Warn("first\nsecond", "at", time.Date(2026, 1, 2, 5, 4, 5, 6e6, time.FixedZone("", 2*3600)))

	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Fatalf("got %d lines, want 1: %s", n, out.String())
	}
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", got["time"]); err != nil {
		t.Errorf("time: %v", err)
	}
	delete(got, "time")
	want := map[string]string{"level": "WARN", "msg": "first\nsecond", "at": "2026-01-02T03:04:05.006Z"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
}

func TestParseLevel(t *testing.T) {
	for in, want := range map[string]slog.Level{
		"": slog.LevelInfo, "debug": slog.LevelDebug, "INFO": slog.LevelInfo,
		"warn": slog.LevelWarn, "Warning": slog.LevelWarn, "error": slog.LevelError,
	} {
		if got, err := telemetry.ParseLevel(in); err != nil || got != want {
			t.Errorf("ParseLevel(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	if _, err := telemetry.ParseLevel("loud"); err == nil || !strings.Contains(err.Error(), `"loud" is not a log level`) {
		t.Errorf("error = %v", err)
	}
}

func TestOpenFileAppendsAndIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ohfpd.log")
	for _, line := range []string{"one\n", "two\n"} {
		f, err := telemetry.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "one\ntwo\n" {
		t.Errorf("content = %q, %v", got, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
	if _, err := telemetry.OpenFile(filepath.Join(path, "below-a-file")); err == nil {
		t.Error("a path below a file was opened")
	}
}
