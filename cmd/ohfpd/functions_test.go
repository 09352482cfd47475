package main

import (
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// timeouts are those of a complete build, by function.
func timeouts() map[string]time.Duration {
	return map[string]time.Duration{
		"attempt-static":               65 * time.Second,
		"cancel-operation":             10 * time.Second,
		"configure-provider-strategy":  10 * time.Second,
		"delete-template":              10 * time.Second,
		"deregister-provider-strategy": 10 * time.Second,
		"due":                          10 * time.Second,
		"execute-provider-operation":   28 * time.Second,
		"get-operation":                10 * time.Second,
		"get-provider-capabilities":    10 * time.Second,
		"get-provider-health":          10 * time.Second,
		"get-provider-metrics":         25 * time.Second,
		"get-provider-strategy-config": 10 * time.Second,
		"get-sweeper-report":           10 * time.Second,
		"list-audit-events":            10 * time.Second,
		"list-available-providers":     10 * time.Second,
		"list-machines":                10 * time.Second,
		"list-operations":              10 * time.Second,
		"list-templates":               10 * time.Second,
		"probe-static":                 65 * time.Second,
		"reconcile":                    60 * time.Second,
		"record-machine-event":         10 * time.Second,
		"register-provider-strategy":   15 * time.Second,
		"register-template":            10 * time.Second,
		"select-provider-strategy":     10 * time.Second,
		"settle":                       10 * time.Second,
		"sweep-static":                 65 * time.Second,
		"update-provider-health":       10 * time.Second,
		"request-return-machines":      10 * time.Second,
		"request-machines":             10 * time.Second,
		"register-host-provider":       10 * time.Second,
		"list-requests":                10 * time.Second,
		"get-return-requests":          10 * time.Second,
		"get-request-status":           10 * time.Second,
		"get-available-templates":      10 * time.Second,
		"cancel-request":               10 * time.Second,
	}
}

// buildOf makes a directory that looks like a build of these functions.
func buildOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "bootstrap"), []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func complete() []string { return slices.Sorted(maps.Keys(timeouts())) }

func TestFindFunctionsTakesEachRowOfTheCatalogueWithItsTimeOut(t *testing.T) {
	dir := buildOf(t, append(complete(), "somebody-elses")...)
	if err := os.WriteFile(filepath.Join(dir, "settle.zip"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := findFunctions(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]time.Duration{}
	for _, f := range b.functions {
		if _, twice := got[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		got[f.Name] = f.Timeout
		if want := filepath.Join(dir, f.Name, "bootstrap"); f.Bootstrap != want {
			t.Errorf("the binary of %s is %s, want %s", f.Name, f.Bootstrap, want)
		}
	}
	if diff := cmp.Diff(timeouts(), got); diff != "" {
		t.Errorf("time-outs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"static"}, b.kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

func TestFindFunctionsWantsBothHalvesOfEveryKind(t *testing.T) {
	b, err := findFunctions(buildOf(t, append(complete(), "attempt-aws", "discover-aws", "probe-aws", "sweep-aws")...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"aws", "static"}, b.kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	_, err = findFunctions(buildOf(t, append(complete(), "attempt-aws", "discover-aws")...))
	if err == nil || !strings.Contains(err.Error(), "has no function probe-aws: build all of them with make functions ARCH=host") {
		t.Errorf("an attempt without a probe: %v", err)
	}
}

func TestFindFunctionsNamesWhatIsMissingAndTheRemedy(t *testing.T) {
	refuses := func(what, dir, want string) {
		t.Helper()
		_, err := findFunctions(dir)
		if _, ok := errors.AsType[*usageError](err); !ok || !strings.HasPrefix(err.Error(), "--lambdas: ") {
			t.Errorf("%s: %v is no mistake of --lambdas", what, err)
			return
		}
		if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "make functions ARCH=host") {
			t.Errorf("%s: got %q, want %q and the remedy", what, err, want)
		}
	}
	refuses("no directory", filepath.Join(t.TempDir(), "none"), "no function in")
	refuses("an empty directory", t.TempDir(), "no function in")
	refuses("a build of another", buildOf(t, "hello"), "has no function")
	for _, name := range complete() {
		if kindless := name != "attempt-static"; kindless { // without it there is no kind, and no probe is wanted
			others := slices.DeleteFunc(complete(), func(n string) bool { return n == name })
			refuses("all but "+name, buildOf(t, others...), "has no function "+name+":")
		}
	}
}

// nobody takes all that could reach AWS out of the environment of this test.
func nobody(t *testing.T) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "") // puts it back in the end
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// told returns what functions are told, by variable, in an environment that
// holds more than they need.
func told(t *testing.T, cfg Config, more map[string]string) (env map[string]string) {
	t.Helper()
	nobody(t)
	for name, value := range map[string]string{
		"AWS_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_PROFILE": "", "HF_LOG_LEVEL": "debug", "OHFP_TOKEN_FILE": "/its/own/token", "HTTPS_PROXY": "http://192.0.2.1:3128",
		"OHFP_TABLE": "another", "AWS_LAMBDA_LOG_LEVEL": "TRACE",
	} {
		t.Setenv(name, value)
	}
	for name, value := range more {
		t.Setenv(name, value)
	}
	flows := workflowARNs{endpoint: "http://127.0.0.1:1/states", standard: "arn:standard", express: "arn:express", health: "arn:health"}
	a, err := awsConfig(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	list, err := environment(t.Context(), a, cfg, []string{"aws", "static"}, flows)
	if err != nil {
		t.Fatal(err)
	}
	env = map[string]string{}
	for _, v := range list {
		name, value, found := strings.Cut(v, "=")
		if _, twice := env[name]; twice || !found {
			t.Errorf("%s is there twice, or has no value", name)
		}
		env[name] = value
	}
	return env
}

// least is what every function is told, and all that it is told.
func least() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_ENDPOINT_URL_SFN":  "http://127.0.0.1:1/states",
		"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "WARN",
		"OHFP_TABLE":            "broker",
		"OHFP_SNAPSHOT_SECONDS": "0",
		"OHFP_FUNCTIONS": `{"attempt":{"aws":"attempt-aws","static":"attempt-static"},` +
			`"probe":{"aws":"probe-aws","static":"probe-static"},"sweep":{"aws":"sweep-aws","static":"sweep-static"},"settle":"settle","due":"due"}`,
		"OHFP_DEBUG_PRINCIPALS":     "*",
		"OHFP_EXECUTE_STANDARD_ARN": "arn:standard", "OHFP_EXECUTE_EXPRESS_ARN": "arn:express", "OHFP_HEALTH_CHECK_ARN": "arn:health",
		"OHFP_RETENTION": `{"operations_days": 20, "machines_days": 50, "audit_days": 90}`,
		"OHFP_STATIC":    `{"host_files":null,"commands":{},"command_timeout_seconds":30,"address_allow":null}`,
	}
}

func plain() Config {
	return Config{Table: "broker", LogLevel: slog.LevelWarn, CommandTimeout: 30 * time.Second, OperationsKept: 20 * 24 * time.Hour, MachinesKept: 50 * 24 * time.Hour, AuditKept: 90 * 24 * time.Hour}
}

func TestFunctionsAreToldWhatTheyNeedAndNothingElseOfThisProcess(t *testing.T) {
	if diff := cmp.Diff(least(), told(t, plain(), nil)); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestFunctionsAreToldOfASessionAndOfAnotherDynamoDBWhenThereIsOne(t *testing.T) {
	for name, more := range map[string]map[string]string{
		"a session":                     {"AWS_SESSION_TOKEN": "session"},
		"another DynamoDB":              {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2"},
		"both":                          {"AWS_SESSION_TOKEN": "session", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2"},
		"an endpoint of no use to them": {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:3"},
	} {
		t.Run(name, func(t *testing.T) {
			want := least()
			maps.Copy(want, more)
			delete(want, "AWS_ENDPOINT_URL_S3")
			if env := told(t, plain(), more); !maps.Equal(want, env) {
				t.Errorf("environment (-want +got):\n%s", cmp.Diff(want, env))
			}
		})
	}
	t.Run("one endpoint for all", func(t *testing.T) {
		env := told(t, plain(), map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:4"})
		if got := env["AWS_ENDPOINT_URL_DYNAMODB"]; got != "http://127.0.0.1:4" {
			t.Errorf("DynamoDB is at %q", got)
		}
		if got := env["AWS_ENDPOINT_URL_SFN"]; got != "http://127.0.0.1:1/states" {
			t.Errorf("workflows are at %q, which are this process's own", got)
		}
	})
}

func TestFunctionsAreToldWhatStaticPoolsMayUse(t *testing.T) {
	cfg := plain()
	cfg.HostFiles = map[string]string{"rack": "/etc/rack.yaml"}
	cfg.Commands = map[string][]string{"wipe": {"/opt/wipe", "-q"}}
	cfg.CommandTimeout = 45 * time.Second
	cfg.AddressAllow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	const want = `{"host_files":{"rack":"/etc/rack.yaml"},"commands":{"wipe":{"argv":["/opt/wipe","-q"]}},` +
		`"command_timeout_seconds":45,"address_allow":["10.0.0.0/8"]}`
	if env := told(t, cfg, nil); env["OHFP_STATIC"] != want {
		t.Errorf("got  %s\nwant %s", env["OHFP_STATIC"], want)
	}
}

func TestWithoutCredentialsNoFunctionIsTold(t *testing.T) {
	nobody(t)
	t.Setenv("AWS_REGION", "eu-north-1")
	a, err := awsConfig(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, err = environment(t.Context(), a, plain(), nil, workflowARNs{})
	if err == nil || !strings.Contains(err.Error(), "looking for AWS credentials") {
		t.Errorf("got %v", err)
	}
}
