package settings_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/shared/fault"
)

const installation = `{"attempt":{"static":"attempt-static"},"probe":{"static":"probe-static"},"settle":"settle-1","due":"due-1"}`

// env is a whole environment; variables that it lacks are not set.
func env(v map[string]string) settings.Env { return func(name string) string { return v[name] } }

func complete() map[string]string {
	return map[string]string{
		"OHFP_TABLE":                "broker",
		"OHFP_FUNCTIONS":            installation,
		"OHFP_EXECUTE_STANDARD_ARN": "arn:standard",
		"OHFP_EXECUTE_EXPRESS_ARN":  "arn:express",
		"OHFP_HEALTH_CHECK_ARN":     "arn:health",
		"OHFP_SNAPSHOT_SECONDS":     "1",
		"OHFP_RETENTION":            `{"operations_days": 7}`,
		"OHFP_STATIC": `{"host_files":{"rack":"/opt/rack.yaml"},"commands":{"wipe":{"argv":["/opt/wipe","-q"]}},
			"command_timeout_seconds":45,"address_allow":["10.1.2.3/8","192.0.2.1"]}`,
	}
}

// with is complete with one variable set otherwise.
func with(name, value string) settings.Env {
	v := complete()
	v[name] = value
	return env(v)
}

var functions = settings.Functions{
	Attempt: map[string]string{"static": "attempt-static"}, Probe: map[string]string{"static": "probe-static"},
	Settle: "settle-1", Due: "due-1",
}

// week is what is set of the retention, and the default of the rest.
var week = settings.Retention{Operations: 7 * 24 * time.Hour, Machines: 40 * 24 * time.Hour, Audit: 400 * 24 * time.Hour}

func TestACompleteEnvironmentIsRead(t *testing.T) {
	reads, err := settings.ForReads(env(complete()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(settings.Reads{Table: "broker", Functions: functions, Retention: week}, reads); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	writes, err := settings.ForWrites(env(complete()))
	if err != nil {
		t.Fatal(err)
	}
	machines := settings.StateMachines{ExecuteStandard: "arn:standard", ExecuteExpress: "arn:express", HealthCheck: "arn:health"}
	if diff := cmp.Diff(settings.Writes{Table: "broker", Functions: functions, Machines: machines, Retention: week, SnapshotAge: time.Second}, writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	static, err := settings.ForStatic(env(complete()))
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Static{
		Table: "broker", Retention: week, HostFiles: map[string]string{"rack": "/opt/rack.yaml"},
		Commands: map[string][]string{"wipe": {"/opt/wipe", "-q"}}, CommandTimeout: 45 * time.Second,
		AddressAllow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")},
	}
	if diff := cmp.Diff(want, static, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("static (-want +got):\n%s", diff)
	}
}

func TestOnlyKindsWithAnAttemptHaveADriver(t *testing.T) {
	if !functions.HasDriver("static") || functions.HasDriver("aws") {
		t.Errorf("static %t, aws %t", functions.HasDriver("static"), functions.HasDriver("aws"))
	}
}

func TestTheRegistryIsKeptForTwoSecondsUnlessToldOtherwise(t *testing.T) {
	for given, want := range map[string]time.Duration{"": 2 * time.Second, "2": 2 * time.Second, "0": -1} {
		got, err := settings.ForWrites(with("OHFP_SNAPSHOT_SECONDS", given))
		if err != nil || got.SnapshotAge != want {
			t.Errorf("%q: got %v, %v, want %v", given, got.SnapshotAge, err, want)
		}
	}
}

func TestStaticPoolsNeedOnlyTheTable(t *testing.T) {
	got, err := settings.ForStatic(env(map[string]string{"OHFP_TABLE": "broker"}))
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Static{Table: "broker", CommandTimeout: 30 * time.Second}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The forms of reading, for tests of what is refused.
func forReads(e settings.Env) error  { _, err := settings.ForReads(e); return err }
func forWrites(e settings.Env) error { _, err := settings.ForWrites(e); return err }
func forStatic(e settings.Env) error { _, err := settings.ForStatic(e); return err }
func forAWS(e settings.Env) error    { _, err := settings.ForAWS(e); return err }

func TestAVariableThatIsMissingOrMalformedIsNamedWithTheRemedy(t *testing.T) {
	tests := []struct {
		name, variable, value string
		read                  func(settings.Env) error
		code                  fault.Code
		says                  string
	}{
		{"no table, reading", "OHFP_TABLE", "", forReads, fault.StoreUnavailable, "set OHFP_TABLE"},
		{"no table, writing", "OHFP_TABLE", "", forWrites, fault.StoreUnavailable, "set OHFP_TABLE"},
		{"no table, static pools", "OHFP_TABLE", "", forStatic, fault.StoreUnavailable, "set OHFP_TABLE"},
		{"no functions, reading", "OHFP_FUNCTIONS", "", forReads, fault.Internal, "OHFP_FUNCTIONS is not set"},
		{"no functions, writing", "OHFP_FUNCTIONS", "", forWrites, fault.Internal, "OHFP_FUNCTIONS is not set"},
		{"functions that are no JSON", "OHFP_FUNCTIONS", "settle", forReads, fault.Internal, "correct OHFP_FUNCTIONS"},
		{"functions that are no object", "OHFP_FUNCTIONS", "[]", forReads, fault.Internal, "correct OHFP_FUNCTIONS"},
		{"a misspelt member", "OHFP_FUNCTIONS", strings.Replace(installation, "settle", "setle", 1), forReads, fault.Internal, "OHFP_FUNCTIONS.setle"},
		{"a member that is missing", "OHFP_FUNCTIONS", `{"attempt":{},"probe":{},"settle":"s"}`, forReads, fault.Internal, "OHFP_FUNCTIONS.due"},
		{"a member twice", "OHFP_FUNCTIONS", strings.Replace(installation, "{", `{"due":"x",`, 1), forReads, fault.Internal, "OHFP_FUNCTIONS.due"},
		{"a retention that forgets what metrics show", "OHFP_RETENTION", `{"machines_days": 35}`, forReads, fault.Internal, "OHFP_RETENTION.machines_days"},
		{"a retention of another name", "OHFP_RETENTION", `{"days": 35}`, forStatic, fault.Internal, "OHFP_RETENTION.days"},
		{"no Standard execution", "OHFP_EXECUTE_STANDARD_ARN", "", forWrites, fault.Internal, "OHFP_EXECUTE_STANDARD_ARN is not set"},
		{"no Express execution", "OHFP_EXECUTE_EXPRESS_ARN", "", forWrites, fault.Internal, "OHFP_EXECUTE_EXPRESS_ARN is not set"},
		{"no health check", "OHFP_HEALTH_CHECK_ARN", "", forWrites, fault.Internal, "OHFP_HEALTH_CHECK_ARN is not set"},
		{"an age beyond bounds", "OHFP_SNAPSHOT_SECONDS", "3", forWrites, fault.Internal, `OHFP_SNAPSHOT_SECONDS is "3"`},
		{"an age that is no number", "OHFP_SNAPSHOT_SECONDS", "1s", forWrites, fault.Internal, `OHFP_SNAPSHOT_SECONDS is "1s"`},
		{"no table, AWS", "OHFP_TABLE", "", forAWS, fault.StoreUnavailable, "set OHFP_TABLE"},
		{"accounts that are no JSON", "OHFP_AWS", "{", forAWS, fault.Internal, "correct OHFP_AWS"},
		{"an address of AWS that is none", "OHFP_AWS", `{"address_allow":["here"]}`, forAWS, fault.Internal, `OHFP_AWS in the function's configuration: address_allow: "here"`},
		{"static pools that are no JSON", "OHFP_STATIC", "{", forStatic, fault.Internal, "correct OHFP_STATIC"},
		{"an unknown member", "OHFP_STATIC", `{"host_file":{}}`, forStatic, fault.Internal, "OHFP_STATIC.host_file"},
		{"a command without a list", "OHFP_STATIC", `{"commands":{"a":{}}}`, forStatic, fault.Internal, "OHFP_STATIC.commands.a.argv"},
		{"a command without a program", "OHFP_STATIC", `{"commands":{"a":{"argv":["","-q"]}}}`, forStatic, fault.Internal, "commands.a names no program"},
		{"a command of no words", "OHFP_STATIC", `{"commands":{"a":{"argv":[]}}}`, forStatic, fault.Internal, "OHFP_STATIC.commands.a.argv"},
		{"a time-out beyond bounds", "OHFP_STATIC", `{"command_timeout_seconds":601}`, forStatic, fault.Internal, "OHFP_STATIC.command_timeout_seconds"},
		{"an address that is none", "OHFP_STATIC", `{"address_allow":["10.0.0.0/33"]}`, forStatic, fault.Internal, `"10.0.0.0/33"`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.read(with(tc.variable, tc.value))
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != tc.code || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("err = %v", err)
			}
			if !strings.Contains(err.Error(), "configuration") {
				t.Errorf("no remedy in: %v", err)
			}
		})
	}
}

// FuzzSettings expects of any text a setting or a typed error that names its
// variable, and no panic.
func FuzzSettings(f *testing.F) {
	f.Add(installation)
	f.Add(complete()["OHFP_STATIC"])
	f.Add(`{"commands":{"a":{"argv":[""]}},"address_allow":["::ffff:10.0.0.1"]}`)
	f.Add(`{"attempt":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		for variable, read := range map[string]func(settings.Env) error{"OHFP_FUNCTIONS": forReads, "OHFP_STATIC": forStatic, "OHFP_AWS": forAWS} {
			err := read(with(variable, text))
			if err == nil {
				continue
			}
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Internal || !strings.Contains(err.Error(), variable) {
				t.Errorf("%s=%q: %v", variable, text, err)
			}
		}
	})
}

func TestFunctionsOfAWSAreToldWhereEndpointsMayLead(t *testing.T) {
	for text, want := range map[string]settings.AWS{
		"":                                 {Table: "broker"},
		`{"address_allow":["10.0.0.7/8"]}`: {Table: "broker", AddressAllow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
	} {
		got, err := settings.ForAWS(env(map[string]string{"OHFP_TABLE": "broker", "OHFP_AWS": text}))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
